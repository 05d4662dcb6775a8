import { useCallback } from "react";
import { useSubscription } from "urql";
import { useMay } from "../../app/viewer.ts";
import {
  SetRescan,
  WatchRescans,
  type RescanFragment,
  type VerdictRunState,
  type WatchRescansSubscription,
} from "../../generated/changed.ts";
import { Empty } from "../../parts/empty.tsx";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { Table } from "../../parts/table.tsx";

type Known = ReadonlyMap<string, RescanFragment>;

const STATES: Readonly<Record<VerdictRunState, string>> = {
  RUNNING: "under way",
  DONE: "all samples looked at",
  REPLACED: "another update came",
  STOPPED: "switched off",
};

/** For which engines samples are scanned again after updates, live. */
export function useRescans() {
  const collect = useCallback(
    (known: Known | undefined, { updateRescanChanged: { rescans } }: WatchRescansSubscription): Known =>
      new Map([...(known ?? []), ...rescans.map((one) => [one.engine.id, one] as const)]),
    [],
  );
  const [{ data, error }] = useSubscription({ query: WatchRescans, variables: {} }, collect);
  return { rescans: data === undefined ? undefined : [...data.values()], error };
}

/** For which engines samples are scanned again after updates, and how far that is. */
export function Rescans({ of: { rescans, error } }: { of: ReturnType<typeof useRescans> }) {
  const mayChange = useMay("FLEET_WRITE");
  return (
    <section className="card stack" aria-labelledby="rescans">
      <h2 id="rescans">Which engines</h2>
      <p className="soft">
        After an update of an engine, stored samples are scanned again by it alone: the newest first, in at most a fifth of its
        slots, and only while it has little else to do.
      </p>
      {error && <Problem error={error} what="The engines could not be read." />}
      {rescans?.length === 0 && <Empty title="No engine gives verdicts yet">An antivirus engine or Yara does.</Empty>}
      {rescans !== undefined && rescans.length > 0 && (
        <Table columns={["Engine", "After updates", "Looked at last", "Scanned again", "Changed"]}>
          {rescans.map((rescan) => (
            <Row key={rescan.engine.id} of={rescan} mayChange={mayChange} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Row({ of: { engine, enabled, version, run }, mayChange }: { of: RescanFragment; mayChange: boolean }) {
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={engine.name} />
      </th>
      <td>
        <div className="row">
          {enabled ? "on" : "off"}
          {mayChange && (
            <OrderButton mutation={SetRescan} variables={{ engine: engine.name, enabled: !enabled }} to={engine.name}>
              {enabled ? "Switch off" : "Switch on"}
            </OrderButton>
          )}
        </div>
        {enabled && version === null && <span className="soft">waits: no host has it, or its hosts differ</span>}
      </td>
      <td>
        {run === null ? (
          "not yet"
        ) : (
          <>
            <Name text={run.version} />, <Ago at={run.startedAt} />: {STATES[run.state]}
          </>
        )}
      </td>
      <td>{run === null ? "–" : `${run.checked}${run.failed > 0 ? `, ${run.failed} failed` : ""}`}</td>
      <td>{run === null ? "–" : run.flips}</td>
    </tr>
  );
}
