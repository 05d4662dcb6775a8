import type { FormEvent } from "react";
import { Link } from "wouter";
import { go } from "../../app/location.ts";
import { useParameters } from "../../app/parameters.ts";
import { localOf, utcOf } from "./local-time.ts";

const FIELDS = [
  ["action", "Action"],
  ["subject", "Subject"],
  ["key", "Id of the API key"],
  ["text", "Any text in it"],
] as const;
const TIMES = [
  ["since", "From"],
  ["until", "Until"],
] as const;

/** The filter. What is chosen stands in the address. */
export function AuditForm() {
  const { parameters, addressWith } = useParameters();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const texts = FIELDS.map(([name]) => [name, String(form.get(name)).trim()] as const);
    const times = TIMES.map(([name]) => [name, utcOf(String(form.get(name)))] as const);
    go(addressWith({ ...Object.fromEntries([...texts, ...times]), after: undefined }));
  };
  return (
    <form className="fields" onSubmit={apply}>
      {FIELDS.map(([name, label]) => (
        <label key={name} className="field">
          {label}
          <input name={name} maxLength={200} autoComplete="off" defaultValue={parameters.get(name) ?? ""} />
        </label>
      ))}
      {TIMES.map(([name, label]) => (
        <label key={name} className="field">
          {label}
          <input name={name} type="datetime-local" defaultValue={localOf(parameters.get(name))} />
        </label>
      ))}
      <button className="primary" type="submit">
        Show
      </button>
      <Link className="button" href="/audit">
        All events
      </Link>
    </form>
  );
}
