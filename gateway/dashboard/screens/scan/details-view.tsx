import type { ReactNode } from "react";
import { Name } from "../../parts/name.tsx";
import { DetailTable, DetailTables, isFlat } from "./detail-tables.tsx";
import { YaraMatches } from "./yara-matches.tsx";

/** A hostile engine's details may be deep; what is deeper is shown as JSON. */
const DEEPEST = 6;
/** As much of a list as one can read. */
const SHOWN = 200;
const COLUMNS = 20;

type Json = unknown;
type JsonObject = Readonly<Record<string, Json>>;

/** What an engine says of a sample, in readable form: fields as a list, records of one kind as a table. */
export function DetailsView({ details }: { details: JsonObject }) {
  const { yara, ...others } = details;
  return (
    <DetailTables details={details}>
      <div className="stack">
        {isObject(yara) && Array.isArray(yara["matches"]) && <YaraMatches matches={yara["matches"].filter(isObject)} />}
        {Object.keys(others).length > 0 && <Fields object={others} depth={0} />}
      </div>
    </DetailTables>
  );
}

function Fields({ object, depth }: { object: JsonObject; depth: number }) {
  return (
    <dl className="facts">
      {Object.entries(object)
        .toSorted(plainFirst)
        .map(([key, value]) => (
          <div key={key} className="fact">
            <dt>
              <Name text={key} />
            </dt>
            <dd>{show(value, depth + 1)}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A single value is read at a glance: it stands before lists and tables. */
function plainFirst([, one]: [string, Json], [, other]: [string, Json]): number {
  return Number(isList(one)) - Number(isList(other));
}

function show(value: Json, depth: number): ReactNode {
  if (value === null || value === undefined || value === "") return <span className="soft">none</span>;
  if (typeof value !== "object") return <Name text={String(value)} />;
  if (depth > DEEPEST) return <Name text={JSON.stringify(value)} />;
  if (!Array.isArray(value)) return <Fields object={value as JsonObject} depth={depth} />;
  if (value.length === 0) return <span className="soft">none</span>;
  return value.every(isFlat) ? <Records records={value} /> : <Items items={value} depth={depth} />;
}

function Items({ items, depth }: { items: readonly Json[]; depth: number }) {
  return (
    <ul className="items">
      {items.slice(0, SHOWN).map((item, index) => (
        <li key={index}>{show(item, depth + 1)}</li>
      ))}
      <More count={items.length} />
    </ul>
  );
}

function Records({ records }: { records: readonly JsonObject[] }) {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))].slice(0, COLUMNS);
  return (
    <DetailTable records={records} what="Rows">
      {(rows) => (
        <table className="whole-words">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  <Name text={column} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((record, index) => (
              <tr key={index}>
                {columns.map((column) => (
                  <td key={column}>
                    <Name text={String(record[column] ?? "")} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </DetailTable>
  );
}

function More({ count }: { count: number }) {
  return count > SHOWN ? <p className="soft">and {count - SHOWN} more, all of them in the JSON</p> : null;
}

function isList(value: Json): boolean {
  return typeof value === "object" && value !== null;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
