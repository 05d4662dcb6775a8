import { Ago, bytesText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Table } from "../../parts/table.tsx";
import { HostState } from "./states.tsx";
import { setText, type UpdateSet } from "./set-text.ts";
import { Version, Way } from "./version.tsx";

type Host = UpdateSet["hosts"][number];

/** More columns nobody reads, nor does the page stay quick. */
const MOST_AGENTS = 40;

/** How far each engine is on each agent. */
export function Matrix({ sets }: { sets: readonly UpdateSet[] }) {
  const agents = [...new Set(sets.flatMap(({ hosts }) => hosts.map(({ agent }) => agent)))].toSorted();
  const shown = agents.slice(0, MOST_AGENTS);
  return (
    <section className="card stack" aria-labelledby="matrix">
      <h2 id="matrix">On each host</h2>
      {agents.length === 0 ? (
        <p className="soft">No agent with these engines is there.</p>
      ) : (
        <Table columns={["Engine", ...shown]}>
          {sets.slice(0, 80).map((one) => (
            <tr key={setText(one)}>
              <th scope="row" className="engine">
                <Name text={setText(one)} />
              </th>
              {shown.map((agent) => {
                const host = one.hosts.find((its) => its.agent === agent);
                return <td key={agent}>{host ? <Cell of={host} in={one} /> : <span className="soft">has it not</span>}</td>;
              })}
            </tr>
          ))}
        </Table>
      )}
      {agents.length > shown.length && (
        <p className="soft">
          {agents.length - shown.length} more agents are not shown: <code>updateSets</code> of the API lists them all.
        </p>
      )}
    </section>
  );
}

function Cell({ of: host, in: { set, hosts } }: { of: Host; in: UpdateSet }) {
  const { state, serving, target, signatureVersion, reason, bytes, total, since } = host;
  const isChanging = serving?.digest !== target?.digest && state !== "BY_HOST";
  return (
    <>
      {/* Where no other host has the engine, none is the first. */}
      <HostState state={state === "CANARY" && hosts.length === 1 ? "SERVING" : state} />
      <div className="small">
        {isChanging ? (
          <Way from={serving} to={target} set={set} />
        ) : state === "BY_HOST" ? (
          signatureVersion !== null && <Name text={signatureVersion} />
        ) : (
          <Version of={serving} set={set} />
        )}
      </div>
      {state === "FETCHING" && total > 0 && (
        <div className="small">
          <progress aria-label="Fetched" max={total} value={bytes} /> {bytesText(bytes)} of {bytesText(total)}
        </div>
      )}
      {state === "TESTING" && since !== null && (
        <div className="small">
          begun <Ago at={since} />; a test takes a minute or two
        </div>
      )}
      {reason !== null && (
        <div className="small">
          <Name text={reason} />
        </div>
      )}
    </>
  );
}
