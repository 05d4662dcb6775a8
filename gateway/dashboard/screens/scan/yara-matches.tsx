import { Empty } from "../../parts/empty.tsx";
import { Name } from "../../parts/name.tsx";

type Match = Readonly<Record<string, unknown>>;

const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The rules that match, each with its tags, what its author says, and where its strings are in the sample. */
export function YaraMatches({ matches }: { matches: readonly Match[] }) {
  if (matches.length === 0) return <Empty title="No rule matches" />;
  return (
    <ul className="items stack">
      {matches.map((match, index) => (
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

function Strings({ strings }: { strings: readonly unknown[] }) {
  if (strings.length === 0) return null;
  const columns = [...new Set(strings.flatMap((string) => (typeof string === "object" && string ? Object.keys(string) : [])))];
  return (
    <div className="scroll-x">
      <table className="small">
        <caption className="unseen">Strings of the rule in the sample</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {strings.map((string, index) => (
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
    </div>
  );
}
