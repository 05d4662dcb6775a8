import { useMay } from "../../app/viewer.ts";
import { PauseSet, ResumeSet, SkipCanary } from "../../generated/updates.ts";
import { Ago, Time } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { RollBackButton } from "../../parts/roll-back-button.tsx";
import { Table } from "../../parts/table.tsx";
import { Newest } from "./newest.tsx";
import { setText, type UpdateSet } from "./set-text.ts";
import { UpdateState } from "./states.tsx";
import { UpdateButton } from "./update-button.tsx";
import { Version, Way } from "./version.tsx";

/** What each engine serves, and what can be done with it. */
export function SetTable({ sets }: { sets: readonly UpdateSet[] }) {
  const maySteer = useMay("FLEET_WRITE");
  const columns = ["Engine", "Serves", "Newest", "Update", "Last and next check", ...(maySteer ? ["Do"] : [])];
  return (
    <section className="card stack" aria-labelledby="sets">
      <h2 id="sets">Engines</h2>
      <Table columns={columns}>
        {sets.slice(0, 80).map((one) => (
          <Row key={setText(one)} of={one} maySteer={maySteer} />
        ))}
      </Table>
    </section>
  );
}

function Row({ of: one, maySteer }: { of: UpdateSet; maySteer: boolean }) {
  const { set, serves, policy, update } = one;
  return (
    <tr>
      <th scope="row" className="engine">
        <Name text={setText(one)} />
      </th>
      <td>
        <Version of={serves} set={set} />
      </td>
      <td>
        <Newest of={one} />
      </td>
      <td>
        {update !== null && (
          <>
            <UpdateState state={update.state} isAlone={one.hosts.length === 1} />
            <div className="small">
              <Way from={update.fromBundle} to={update.toBundle} set={set} />
            </div>
            {update.waitsFor !== null && (
              <div className="small">
                Waits for <Name text={update.waitsFor} />
                {update.waitsUntil !== null && (
                  <>
                    ; at the latest until <Time at={update.waitsUntil} />
                  </>
                )}
              </div>
            )}
          </>
        )}
        {policy.isPaused && (
          <div className="small">
            Paused until {policy.pausedUntil === null ? "it is resumed" : <Time at={policy.pausedUntil} />}
          </div>
        )}
        {update === null && !policy.isPaused && "none"}
      </td>
      <td>
        <Check of={one.check} />
      </td>
      {maySteer && (
        <td>
          <div className="row">
            <Orders of={one} />
          </div>
        </td>
      )}
    </tr>
  );
}

function Check({ of: check }: { of: UpdateSet["check"] }) {
  if (check === null) return "sent by people";
  const { state, reason, checkedAt, nextAt, blockedUntil, failuresInARow } = check;
  return (
    <>
      <div>{checkedAt === null ? "not yet" : <Ago at={checkedAt} />}</div>
      <div className="small">
        Next: <Time at={nextAt} />
      </div>
      {state === "BLOCKED" && blockedUntil !== null && (
        <div className="small">
          The source refuses until <Time at={blockedUntil} />
        </div>
      )}
      {failuresInARow > 0 && <div className="small">{failuresInARow} failed in a row</div>}
      {reason !== null && (
        <div className="small">
          <Name text={reason} />
        </div>
      )}
    </>
  );
}

function Orders({ of: one }: { of: UpdateSet }) {
  const { engine, set, update, serves, policy } = one;
  const to = setText(one);
  const isChanging = update?.state === "CANARY" || update?.state === "ROLLING";
  const isGoingBack = update?.cause === "ROLLBACK";
  const canGoBack = !isGoingBack && (serves !== null || isChanging || update?.state === "HELD");
  // Where nobody fetches, there is nothing newer than the newest.
  const canUpdate = one.check !== null || (one.newest !== null && one.newest.digest !== serves?.digest);
  return (
    <>
      {!isChanging && !policy.isPaused && canUpdate && <UpdateButton engine={engine} set={set} to={to} />}
      {(update?.state === "PENDING" || update?.state === "CANARY") && !update.reason && (
        <OrderButton
          mutation={SkipCanary}
          variables={{ id: update.id }}
          to={to}
          question={`Update ${to} on all hosts without waiting for the first one?`}
        >
          Do not wait for the first host
        </OrderButton>
      )}
      {canGoBack && <RollBackButton engine={engine} set={set} to={to} />}
      {policy.isPaused ? (
        <OrderButton mutation={ResumeSet} variables={{ engine, set }} to={to}>
          Resume
        </OrderButton>
      ) : (
        <OrderButton mutation={PauseSet} variables={{ engine, set }} to={to}>
          Pause
        </OrderButton>
      )}
    </>
  );
}
