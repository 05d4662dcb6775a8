import { useAgainAfter, useQuestion } from "../../api/question.ts";
import { useParameters } from "../../app/parameters.ts";
import { ReadUpdates } from "../../generated/updates.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Table } from "../../parts/table.tsx";
import { setText } from "./set-text.ts";
import { UpdateState } from "./states.tsx";
import { Way } from "./version.tsx";

const CAUSES: Readonly<Record<string, string>> = { FETCHED: "fetched", ASKED: "asked for", ROLLBACK: "going back" };

/** All updates, the newest first; read again when `changes` says something else. Those of `alone` have one host. */
export function UpdateHistory({ changes, alone }: { changes: string; alone: readonly (string | undefined)[] }) {
  const { parameters } = useParameters();
  const [{ data, error }, again] = useQuestion({ query: ReadUpdates, variables: { after: parameters.get("after") } });
  useAgainAfter(changes, again);
  const found = data?.engineUpdates.nodes;
  return (
    <section className="card stack" aria-labelledby="history">
      <h2 id="history">History</h2>
      {error && found === undefined && <Problem error={error} what="The history could not be read." />}
      {found?.length === 0 && <p className="soft">No engine was updated by the mesh yet.</p>}
      {found !== undefined && found.length > 0 && (
        <Table columns={["Engine", "From and to", "State", "Why", "Begun", "Ended"]}>
          {found.map(({ id, engine, set, fromBundle, toBundle, state, reason, cause, createdAt, endedAt }) => (
            <tr key={id}>
              <th scope="row" className="engine">
                <Name text={setText({ engine, set })} />
              </th>
              <td>
                <Way from={fromBundle} to={toBundle} set={set} />
              </td>
              <td>
                <UpdateState state={state} isAlone={alone.includes(id)} />
              </td>
              <td>
                {CAUSES[cause] ?? cause}
                {reason !== null && (
                  <>
                    : <Name text={reason} />
                  </>
                )}
              </td>
              <td>
                <Ago at={createdAt} />
              </td>
              <td>{endedAt === null ? "not yet" : <Ago at={endedAt} />}</td>
            </tr>
          ))}
        </Table>
      )}
      {data && <Pager pageInfo={data.engineUpdates.pageInfo} what="updates" />}
    </section>
  );
}
