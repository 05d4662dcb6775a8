import { useQuery } from "urql";
import { useCollected } from "../../api/collect.ts";
import {
  ReadEngines,
  WatchEngineAgents,
  WatchEngines,
  type EngineRowFragment,
  type WatchEngineAgentsSubscription,
} from "../../generated/engines.ts";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/notice.tsx";
import { EngineCard } from "./engine-card.tsx";
import { urgencyOf, type AgentOfEngine } from "./engine-health.ts";

type Agent = WatchEngineAgentsSubscription["agentChanged"]["agents"][number];

/** Every engine that the mesh knows: how it is, what it uses, and what can be done with it. */
export default function Engines() {
  const [{ data, error }] = useQuery({ query: ReadEngines });
  const { entries: told, error: lost } = useCollected(
    WatchEngines,
    ({ name }: EngineRowFragment) => name,
    ({ engineChanged: { snapshot, engines, gone } }) => ({ snapshot, changed: engines, gone: gone.map(({ name }) => name) }),
  );
  const { entries: agents } = useCollected(
    WatchEngineAgents,
    ({ agent }: Agent) => agent,
    ({ agentChanged: { snapshot, agents: changed, gone } }) => ({ snapshot, changed, gone: gone.map(({ agent }) => agent) }),
  );
  const engines = told ?? data?.engines;
  const rates = new Map(data?.stats.engines.map((one) => [one.engine, one]));
  const agentsOf = (name: string): AgentOfEngine[] =>
    (agents ?? []).flatMap(({ agent, engines: here }) =>
      here.filter((one) => one.name === name).map((one) => ({ agent, ...one })),
    );
  const problem = error ?? lost;
  const ranked = engines?.toSorted(
    (one, other) =>
      urgencyOf(other, agentsOf(other.name), rates.get(other.name)) - urgencyOf(one, agentsOf(one.name), rates.get(one.name)),
  );
  return (
    <div className="stack">
      <div>
        <h1>Engines</h1>
        <p className="soft">
          {engines !== undefined && `${engines.length === 1 ? "1 engine" : `${engines.length} engines`}. `}
          Those to look after come first. New scans do not ask an engine that is switched off; scans that are open already go on.
        </p>
      </div>
      {problem && engines === undefined && <Problem error={problem} what="The engines could not be read." />}
      {engines?.length === 0 && (
        <Empty title="The mesh knows no engine yet">An engine is known as soon as an agent that has it is connected.</Empty>
      )}
      {ranked !== undefined && ranked.length > 0 && (
        <div className="cards">
          {ranked.map((engine) => (
            <EngineCard
              key={engine.name}
              engine={engine}
              agents={agentsOf(engine.name)}
              stats={data?.stats}
              rates={rates.get(engine.name)}
            />
          ))}
        </div>
      )}
    </div>
  );
}
