import { useState } from "react";
import { useCollected } from "../../api/collect.ts";
import { useReading } from "../../api/reading.ts";
import { useParameters } from "../../app/parameters.ts";
import { useMay } from "../../app/viewer.ts";
import {
  ReadEngines,
  WatchEngineAgents,
  WatchEngines,
  type EngineRowFragment,
  type WatchEngineAgentsSubscription,
} from "../../generated/engines.ts";
import { Empty } from "../../parts/empty.tsx";
import { failsOften, slowEngines } from "../../parts/engine-rates.ts";
import { ListCount } from "../../parts/list-count.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Name } from "../../parts/name.tsx";
import { ReadAt } from "../../parts/read-at.tsx";
import { EngineCard } from "./engine-card.tsx";
import { hasWarnings, isBroken, urgencyOf, type AgentOfEngine } from "./engine-health.ts";
import { Suppressions } from "./suppressions.tsx";

type Agent = WatchEngineAgentsSubscription["agentChanged"]["agents"][number];

/** Every engine that the mesh knows: how it is, what it uses, and what can be done with it. */
export default function Engines() {
  const mayRun = useMay("ADMIN");
  const wanted = useParameters().parameters.get("engine");
  const reading = useReading({ query: ReadEngines, variables: {} });
  const { data, error } = reading;
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
  const slow = slowEngines(engines ?? [], [...rates.values()]);
  // What is switched off while one looks stays where it is.
  const [seenOn] = useState(() => new Set<string>());
  for (const { name, enabled } of engines ?? []) if (enabled) seenOn.add(name);
  const urgency = (engine: EngineRowFragment) => {
    const { name, enabled } = engine;
    const ranked = { ...engine, enabled: enabled || seenOn.has(name) };
    return urgencyOf(ranked, agentsOf(name), rates.get(name), slow.has(name));
  };
  const ranked = engines?.toSorted((one, other) => urgency(other) - urgency(one));
  const inUse = engines?.filter(({ enabled }) => enabled) ?? [];
  const antivirus = inUse.filter(({ type, available }) => type === "AV" && available);
  const switchedOff = (engines ?? []).filter(({ type, enabled }) => type === "AV" && !enabled).map(({ name }) => name);
  return (
    <div className="stack">
      <div>
        <h1>Engines</h1>
        <p className="soft">
          Those to look after come first. New scans do not ask an engine that is switched off; scans that are open already go on.
        </p>
        {engines !== undefined && (
          <ListCount
            count={engines.length}
            one="engine"
            attention={[
              [inUse.filter((engine) => isBroken(engine, agentsOf(engine.name))).length, "unhealthy"],
              [inUse.filter(({ name }) => failsOften(rates.get(name))).length, "failing often today"],
              [inUse.filter(({ name }) => slow.has(name)).length, "slow today"],
              [inUse.filter(({ stale }) => stale).length, "with old signatures"],
              [inUse.filter(({ name }) => agents !== undefined && agentsOf(name).length === 0).length, "away"],
              [inUse.filter(({ name }) => hasWarnings(agentsOf(name))).length, "with warnings"],
              [engines.length - inUse.length, "switched off"],
            ]}
          />
        )}
      </div>
      {engines !== undefined && engines.length > 0 && antivirus.length === 0 && (
        <Notice tone="doubt">
          No antivirus engine takes part: what no engine detects is inconclusive, never clean.{" "}
          {switchedOff.length > 0 && (
            <>
              Switched off: <Name text={switchedOff.join(", ")} />
            </>
          )}
        </Notice>
      )}
      <ReadAt of={reading} label="Rates of the last 24 hours, read" what="the rates of the last 24 hours" />
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
              isSlow={slow.has(engine.name)}
              isLastAntivirus={antivirus.length === 1 && antivirus[0]?.name === engine.name}
              isWanted={engine.name === wanted}
            />
          ))}
        </div>
      )}
      {mayRun && <Suppressions />}
    </div>
  );
}
