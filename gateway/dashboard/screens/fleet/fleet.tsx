import { useSubscription } from "urql";
import { Link } from "wouter";
import { useCollected } from "../../api/collect.ts";
import { useMay } from "../../app/viewer.ts";
import {
  CordonAgent,
  DrainAgent,
  ResumeAgent,
  WatchAgents,
  WatchGoneAgents,
  WatchHeartbeats,
  WatchSettings,
  WatchSwitches,
  type WatchAgentsSubscription,
  type WatchHeartbeatsSubscription,
  type WatchSwitchesSubscription,
} from "../../generated/fleet.ts";
import { Empty } from "../../parts/empty.tsx";
import { engineAddress } from "../../parts/engine-rates.ts";
import { ListCount } from "../../parts/list-count.tsx";
import { Ago, bytesText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Problem, type Tone } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { AgentSettings, type Settings } from "./agent-settings.tsx";
import { AgentWindow } from "./agent-window.tsx";
import { AgentKeys, KeyNotices } from "./agent-keys.tsx";
import { GoneAgents } from "./gone-agents.tsx";
import { QueueTable } from "./queue-table.tsx";
import { RollingRestart } from "./rolling-restart.tsx";

type Agent = WatchAgentsSubscription["agentChanged"]["agents"][number];
type Switch = WatchSwitchesSubscription["engineChanged"]["engines"][number];
type Heartbeat = WatchHeartbeatsSubscription["agentChanged"]["agents"][number];

const STATES: Readonly<Record<string, { word: string; tone: Tone }>> = {
  READY: { word: "ready", tone: "clean" },
  CORDONED: { word: "cordoned: takes no new work", tone: "doubt" },
  DRAINING: { word: "draining: hands its work back", tone: "doubt" },
};

/** While it is cordoned or drained all of its engines are. */
function hasIllEngine({ state, engines }: Agent): boolean {
  return state === "READY" && engines.some(({ healthy }) => !healthy);
}

/** The agents and what waits for them. */
export default function Fleet() {
  const isAdmin = useMay("ADMIN");
  const { entries: agents, error } = useCollected(
    WatchAgents,
    ({ agent }: Agent) => agent,
    ({ agentChanged: { snapshot, agents: changed, gone } }) => ({ snapshot, changed, gone: gone.map(({ agent }) => agent) }),
  );
  const { entries: heartbeats, error: unheard } = useCollected(
    WatchHeartbeats,
    ({ agent }: Heartbeat) => agent,
    ({ agentChanged: { snapshot, agents: changed, gone } }) => ({ snapshot, changed, gone: gone.map(({ agent }) => agent) }),
  );
  const { entries: switches } = useCollected(
    WatchSwitches,
    ({ name }: Switch) => name,
    ({ engineChanged: { snapshot, engines, gone } }) => ({ snapshot, changed: engines, gone: gone.map(({ name }) => name) }),
  );
  const switchedOff = new Set(switches?.filter(({ enabled }) => !enabled).map(({ name }) => name));
  const [{ data: told, error: untold }] = useSubscription({ query: WatchGoneAgents });
  const goneAgents = told?.goneAgentsUpdated ?? [];
  const unread = unheard ?? untold;
  const heard = new Map(heartbeats?.map(({ agent, lastHeardAt }) => [agent, lastHeardAt]));
  const [{ data: settings }] = useSubscription({ query: WatchSettings });
  const settingsOf = new Map(settings?.agentSettingsUpdated.map((one) => [one.agent, one]));
  return (
    <div className="stack">
      <div className="row spread">
        <h1>Fleet</h1>
        {isAdmin && (
          <Link className="button" href="/fleet/add">
            Add a host
          </Link>
        )}
      </div>
      {isAdmin && <KeyNotices />}
      {agents !== undefined && agents.length > 0 && (
        <ListCount
          count={agents.length}
          one="agent"
          attention={[
            [agents.filter(({ state }) => state !== "READY").length, "cordoned or draining"],
            [agents.filter(hasIllEngine).length, "with engines that do not work"],
            [goneAgents.length, "gone"],
          ]}
        />
      )}
      {error && <Problem error={error} what="The agents could not be read." />}
      {!error && unread && <Problem error={unread} what="When agents were heard, and which are gone, could not be read." />}
      {agents?.length === 0 && (
        <Empty title="No agent is there: nothing can be scanned">
          An agent is a process that runs engines on a host. <code>npm run up</code> starts one here;{" "}
          {isAdmin ? (
            <>
              <Link href="/fleet/add">Add a host</Link> makes the line by which another one joins.
            </>
          ) : (
            <>
              another one joins by a line that a key with the scope <code>ADMIN</code> makes.
            </>
          )}
        </Empty>
      )}
      {agents?.map((agent) => (
        <AgentCard
          key={agent.agent}
          agent={agent}
          heardAt={heard.get(agent.agent)}
          settings={settingsOf.get(agent.agent)}
          switchedOff={switchedOff}
        />
      ))}
      <RollingRestart hasAgents={agents !== undefined && agents.length > 0} />
      {goneAgents.length > 0 && <GoneAgents agents={goneAgents} />}
      {isAdmin && <AgentKeys present={new Set(agents?.map(({ agent }) => agent))} />}
      <QueueTable switchedOff={switchedOff} />
    </div>
  );
}

function AgentCard({
  agent: of,
  heardAt,
  settings,
  switchedOff,
}: {
  agent: Agent;
  heardAt: string | undefined;
  settings: Settings | undefined;
  switchedOff: ReadonlySet<string>;
}) {
  const { agent, host, version, class: internet, state, startedAt, largestSample, engines, proofs } = of;
  const { word, tone } = STATES[state] ?? { word: state, tone: "doubt" as const };
  return (
    <section className="card stack" aria-label={agent}>
      <div className="row spread">
        <h2 className="row">
          <Name text={agent} />
          <span className={`verdict tone-${tone}`}>{word}</span>
        </h2>
        <span className="soft">
          <Name text={host} /> · {internet.toLowerCase()} · version <Name text={version} /> · started <Ago at={startedAt} />
          {heardAt !== undefined && (
            <>
              {" "}
              · heard <Ago at={heardAt} />
            </>
          )}
        </span>
      </div>
      <ul className="loads">
        {engines.map(({ name, slots, busy, healthy, reason }) => (
          <li key={name}>
            <span>
              <Link href={engineAddress(name)}>
                <Name text={name} />
              </Link>
            </span>
            <meter aria-label={`Busy slots of ${name}`} min={0} max={Math.max(1, slots)} value={busy} />
            <span className={healthy ? "soft" : "tone-infected"}>
              {switchedOff.has(name) && "switched off, "}
              {healthy ? `${busy} of ${slots} busy` : <Name text={reason ?? "unhealthy"} />}
            </span>
          </li>
        ))}
      </ul>
      {largestSample !== null && <p className="soft small">Takes samples of up to {bytesText(largestSample)}</p>}
      {proofs.length > 0 && (
        <details className="small">
          <summary>What it has verified about the isolation of its engines</summary>
          <ul>
            {proofs.map((proof) => (
              <li key={proof}>
                <Name text={proof} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <AgentSettings agent={of} settings={settings} />
      <AgentWindow agent={of.agent} settings={settings} />
      <Orders agent={agent} state={state} />
    </section>
  );
}

function Orders({ agent, state }: Pick<Agent, "agent" | "state">) {
  if (!useMay("FLEET_WRITE")) return null;
  return (
    <div className="row">
      {state === "READY" ? (
        <>
          <OrderButton mutation={CordonAgent} variables={{ agent }} to={agent}>
            Cordon
          </OrderButton>
          <OrderButton
            mutation={DrainAgent}
            variables={{ agent }}
            to={agent}
            question={`Drain ${agent}? It hands back what it does not finish soon.`}
          >
            Drain
          </OrderButton>
        </>
      ) : (
        <OrderButton mutation={ResumeAgent} variables={{ agent }} to={agent}>
          Resume
        </OrderButton>
      )}
    </div>
  );
}
