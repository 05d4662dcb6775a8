import { useState, type FormEvent } from "react";
import { useOrder } from "../../api/order.ts";
import { CreateKey } from "../../generated/keys.ts";
import type { CreateApiKeyInput } from "../../generated/keys.ts";
import type { Scope } from "../../generated/viewer.ts";
import { Expiry, expiryIn } from "../../parts/expiry.tsx";
import { Problem } from "../../parts/notice.tsx";
import { ShownOnce } from "../../parts/shown-once.tsx";
import { SCOPE_WORDS } from "./scope-words.ts";

/** A form for a new key. Its text is shown once. */
export function NewKey() {
  const { order, fetching, problem } = useOrder(CreateKey);
  const [text, setText] = useState<string>();
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const answer = await order({ input: inputOf(new FormData(form)) });
    if (answer === undefined || !("text" in answer.createApiKey)) return;
    setText(answer.createApiKey.text);
    form.reset();
  };
  return (
    <section className="card stack" aria-labelledby="new-key">
      <h2 id="new-key">Make a key</h2>
      {text !== undefined && <ShownOnce what="API key" text={text} onDone={() => setText(undefined)} />}
      <form className="stack" onSubmit={(event) => void create(event)}>
        <label className="field">
          What it is for, or who uses it
          <input name="name" required maxLength={200} autoComplete="off" />
        </label>
        <fieldset className="choices">
          <legend>What it may do</legend>
          {SCOPE_WORDS.map(({ scope, word, sentence }) => (
            <label key={scope} className="choice">
              <input type="checkbox" name="scopes" value={scope} defaultChecked={scope === "SCAN_READ"} />
              <span>
                <strong>{word}</strong> <code className="soft">{scope}</code>
                <br />
                <span className="soft">{sentence}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div className="fields">
          <Expiry label="Expires" />
          <label className="field">
            Requests a second
            <input name="rate" type="number" min={0.01} step="any" placeholder="no limit" />
          </label>
          <label className="field">
            Scans a day
            <input name="dailyScans" type="number" min={1} step={1} placeholder="no limit" />
          </label>
        </div>
        {problem && <Problem error={problem} what="The key was not made." />}
        <div>
          <button className="primary" type="submit" disabled={fetching}>
            Make the key
          </button>
        </div>
      </form>
    </section>
  );
}

function inputOf(form: FormData): CreateApiKeyInput {
  const number = (field: string) => (form.get(field) ? Number(form.get(field)) : null);
  return {
    name: String(form.get("name")),
    scopes: form.getAll("scopes") as Scope[],
    expiresAt: expiryIn(form),
    rate: number("rate"),
    dailyScans: number("dailyScans"),
  };
}
