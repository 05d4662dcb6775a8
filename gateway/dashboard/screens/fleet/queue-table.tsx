import { useCollected } from "../../api/collect.ts";
import { WatchQueues, type WatchQueuesSubscription } from "../../generated/fleet.ts";
import { durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { useRows } from "../../parts/rows.tsx";
import { numbers, Table } from "../../parts/table.tsx";

type Queue = WatchQueuesSubscription["queueChanged"]["queues"][number];

/** What waits for each engine, and how long it will wait. */
export function QueueTable({ switchedOff }: { switchedOff: ReadonlySet<string> }) {
  const { entries: queues, error } = useCollected(
    WatchQueues,
    ({ engine }: Queue) => engine.name,
    ({ queueChanged: { snapshot, queues: changed, gone } }) => ({
      snapshot,
      changed,
      gone: gone.map(({ engine }) => engine.name),
    }),
  );
  const { rows, buttons } = useRows(queues ?? [], "Engines", { place: "queues" });
  return (
    <section className="card" aria-labelledby="queues">
      <h2 id="queues">Queues</h2>
      {error && <Problem error={error} what="The queues could not be read." />}
      <Table
        columns={[
          "Engine",
          numbers("Waiting"),
          numbers("Running"),
          numbers("Slots"),
          numbers("Estimated wait"),
          numbers("Given up in 24 h"),
        ]}
      >
        {rows.map(({ engine, waiting, running, slots, agents, estimatedWaitMs, dead }) => (
          <tr key={engine.name}>
            <th scope="row" className="engine">
              <Name text={engine.name} />
            </th>
            <td className="number">{waiting}</td>
            <td className="number">{running}</td>
            <td className="number">{slots}</td>
            <td className="number">{switchedOff.has(engine.name) ? "switched off" : waitText(agents, estimatedWaitMs)}</td>
            <td className="number">{dead}</td>
          </tr>
        ))}
      </Table>
      {buttons}
    </section>
  );
}

function waitText(agents: number, estimatedWaitMs: number | null): string {
  if (agents === 0) return "no agent can run it";
  return estimatedWaitMs === null ? "not known" : durationText(estimatedWaitMs);
}
