import { useId, useState } from "react";
import { useQuery } from "urql";
import { EngineNames } from "../../generated/scans.ts";
import { Name } from "../../parts/name.tsx";
import { chipsOf, FILTER_KINDS, type Chip, type FilterKind } from "./filter-kinds.ts";

interface Props {
  address: URLSearchParams;
  onChange(address: URLSearchParams): void;
}

/** The filters that are set, each with a button that takes it away, and a menu that adds one. */
export function FilterBar({ address, onChange }: Props) {
  const [kind, setKind] = useState<FilterKind>();
  const text = address.get("q") ?? "";
  const remove = ({ entries }: Chip) => {
    const next = new URLSearchParams(address);
    for (const [key, value] of entries) next.delete(key, value);
    onChange(next);
  };
  const search: Chip = { text: `Search: ${text}`, entries: [["q", text]] };
  const chips = [...(text === "" ? [] : [search]), ...chipsOf(address)];
  return (
    <div className="row filters">
      {chips.length > 0 && (
        <ul className="row" aria-label="Filters">
          {chips.map((chip) => (
            <li key={chip.text} className="chip">
              <Name text={chip.text} />
              <button className="plain" type="button" onClick={() => remove(chip)}>
                <span aria-hidden="true">✕</span>
                <span className="unseen">
                  Remove <Name text={chip.text} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <select
        aria-label="Add a filter"
        value={kind?.key ?? ""}
        onChange={({ target }) => setKind(FILTER_KINDS.find(({ key }) => key === target.value))}
      >
        <option value="">Add a filter …</option>
        {FILTER_KINDS.map(({ key, label }) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      {kind && (
        <NewFilter
          key={kind.key}
          kind={kind}
          onAdd={(value) => {
            const next = new URLSearchParams(address);
            if (!kind.isMany) next.delete(kind.key);
            if (!next.has(kind.key, value)) next.append(kind.key, value);
            setKind(undefined);
            onChange(next);
          }}
        />
      )}
    </div>
  );
}

function NewFilter({ kind, onAdd }: { kind: FilterKind; onAdd(value: string): void }) {
  const { key, label, choices, placeholder, pattern } = kind;
  const [value, setValue] = useState(choices?.[0]?.[0] ?? "");
  const [{ data }] = useQuery({ query: EngineNames, pause: key !== "engine" });
  const names = useId();
  const field = { "aria-label": label, value, required: true, autoFocus: true };
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd(value.trim());
      }}
    >
      {choices ? (
        <select {...field} onChange={({ target }) => setValue(target.value)}>
          {choices.map(([choice, word]) => (
            <option key={choice} value={choice}>
              {word}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...field}
          type="text"
          maxLength={500}
          placeholder={placeholder}
          title={placeholder}
          pattern={pattern}
          {...(data && { list: names })}
          onChange={({ target }) => setValue(target.value)}
        />
      )}
      {data && (
        <datalist id={names}>
          {data.engines.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
      <button type="submit">Add</button>
    </form>
  );
}
