import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";
import { useRows } from "../../parts/rows.tsx";
import { DetailTable } from "./detail-tables.tsx";

const MATCHES = 10;
const COLUMNS = 10;

type Match = Readonly<Record<string, unknown>>;

const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The rules that match, each with its tags, what its author says, and where its strings are in the sample. */
export function YaraMatches({ matches }: { matches: readonly Match[] }) {
  const { rows, buttons } = useRows(matches, "Matches", { length: MATCHES });
  if (matches.length === 0) return <Empty title="No rule matches" />;
  return (
    <>
      <ul className="items stack">
        {rows.map((match, index) => (
          <li key={index}>
            <div className="row">
              <strong>
                <Name text={text(match["rule"] ?? match["Rule"])} />
              </strong>
              {list(match["tags"] ?? match["Tags"]).map((tag) => (
                <span key={text(tag)} className="chip">
                  <Name text={text(tag)} />
                </span>
              ))}
            </div>
            <Meta meta={match["meta"] ?? match["Meta"]} />
            <Strings strings={list(match["strings"] ?? match["Strings"])} />
          </li>
        ))}
      </ul>
      {buttons}
    </>
  );
}

function Meta({ meta }: { meta: unknown }) {
  if (typeof meta !== "object" || meta === null) return null;
  return (
    <dl className="facts small">
      {Object.entries(meta).map(([key, value]) => (
        <div key={key} className="fact">
          <dt>
            <Name text={key} />
          </dt>
          <dd>
            <Name text={typeof value === "object" ? JSON.stringify(value) : String(value)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Of what is told of a string: the order of others is the database's. */
const FIRST = ["name", "offset", "length"];

function Strings({ strings }: { strings: readonly unknown[] }) {
  if (strings.length === 0) return null;
  const keys = new Set(strings.flatMap((string) => (typeof string === "object" && string ? Object.keys(string) : [])));
  const columns = [...new Set([...FIRST.filter((column) => keys.has(column)), ...keys])].slice(0, COLUMNS);
  return (
    <DetailTable records={strings} what="Strings">
      {(rows) => (
        <table className="small whole-words">
          <caption className="unseen">Strings of the rule in the sample</caption>
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
            {rows.map((string, index) => (
              <tr key={index}>
                {columns.map((column) => (
                  <td key={column} className="mono">
                    <Name text={String((string as Match)[column] ?? "")} />
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
