import { useSubscription } from "urql";
import { useMay } from "../../app/viewer.ts";
import { RestartAgents, StopRestart, WatchRestart, type WatchRestartSubscription } from "../../generated/fleet.ts";
import { Ago } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { Status } from "../../parts/status.tsx";

type Restart = NonNullable<WatchRestartSubscription["rollingRestartUpdated"]>;

const QUESTION =
  "Restart all agents, one after the other? Each hands back what it does not finish soon, ends, and is started again by what " +
  "supervises it.";

/** Agents are restarted one after the other. */
export function RollingRestart({ hasAgents }: { hasAgents: boolean }) {
  const maySteer = useMay("FLEET_WRITE");
  const [{ data }] = useSubscription({ query: WatchRestart });
  const last = data?.rollingRestartUpdated;
  const isRunning = last?.state === "RUNNING";
  return (
    <>
      {last && <Progress restart={last} />}
      {maySteer && (
        <div>
          {isRunning ? (
            <OrderButton mutation={StopRestart} variables={{}} to="">
              Restart no further agent
            </OrderButton>
          ) : (
            hasAgents && (
              <OrderButton mutation={RestartAgents} variables={{}} to="" question={QUESTION}>
                Restart all agents
              </OrderButton>
            )
          )}
        </div>
      )}
    </>
  );
}

function Progress({ restart: { agents, done, state, problem, endedAt } }: { restart: Restart }) {
  const total = agents.length;
  if (state === "RUNNING")
    return (
      <Notice tone="running">
        <Status text={`Restarting ${agents[done] ?? ""}: ${done} of ${total} agents are back.`} />
        <progress aria-label="Agents that are back" max={total} value={done} />
      </Notice>
    );
  if (state === "FAILED")
    return (
      <Problem what={`The restart has stopped after ${done} of ${total} agents.`}>
        {" "}
        <Name text={problem ?? ""} />
      </Problem>
    );
  return (
    <p className="soft small">
      {state === "DONE"
        ? `${total === 1 ? "One agent was" : `All ${total} agents were`} restarted`
        : `The restart was stopped after ${done} of ${total} agents`}{" "}
      {endedAt !== null && <Ago at={endedAt} />}.
    </p>
  );
}
