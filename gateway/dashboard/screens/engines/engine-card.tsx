import { Fragment } from "react";
import { useServerNow } from "../../api/clock.ts";
import { useMay } from "../../app/viewer.ts";
import {
  AcceptEngine,
  EnableEngine,
  RemoveEngine,
  TestEngine,
  type EngineRowFragment,
  type ReadEnginesQuery,
  type WatchEngineAgentsSubscription,
} from "../../generated/engines.ts";
import { Ago, ageText, durationText, percentText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice, type Tone } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";

export type AgentOfEngine = WatchEngineAgentsSubscription["agentChanged"]["agents"][number]["engines"][number] & {
  readonly agent: string;
};

interface Props {
  engine: EngineRowFragment;
  agents: readonly AgentOfEngine[];
  rates: ReadEnginesQuery["stats"]["engines"][number] | undefined;
}

/** Signatures of an antivirus engine come daily: what is older than this is looked at before it is too old. */
const AGING_MS = 3 * 86_400_000;

const TYPES: Readonly<Record<string, string>> = {
  AV: "antivirus",
  METADATA: "metadata",
  INTEL: "reputation",
  FILE_FORMATS: "file formats",
};

/** One engine. */
export function EngineCard({ engine, agents, rates }: Props) {
  const { name, type, speed, internet } = engine;
  const warnings = [...new Set(agents.flatMap((agent) => agent.warnings))];
  const { tone, word, reason } = healthOf(engine, agents);
  const slots = agents.reduce((sum, one) => sum + one.slots, 0);
  const busy = agents.reduce((sum, one) => sum + one.busy, 0);
  return (
    <section className="card stack" aria-label={name}>
      <div className="row spread">
        <h2 className="row">
          <Name text={name} />
          <span className={`verdict ${tone ? `tone-${tone}` : ""}`}>{word}</span>
        </h2>
        <span className="soft">
          {[TYPES[type], speed.toLowerCase(), internet ? "uses the internet" : "isolated"].join(" · ")}
        </span>
      </div>
      {reason && (
        <p>
          <Name text={reason} />
        </p>
      )}
      {warnings.map((warning) => (
        <Notice key={warning} tone="doubt">
          <Name text={warning} />
        </Notice>
      ))}
      <dl className="facts">
        <Fact label="Version" value={engine.versions.engine && <Name text={engine.versions.engine} />} />
        <Fact label="Signatures" value={hasSignatures(engine) && <Signatures engine={engine} />} />
        <Fact label="Agents" value={agents.length > 0 && <Name text={agents.map(({ agent }) => agent).join(", ")} />} />
        <Fact label="Slots" value={agents.length > 0 && `${busy} of ${slots} busy`} />
        <Fact label="Last 24 hours" value={rates && <Rates rates={rates} />} />
      </dl>
      <Orders engine={engine} agents={agents} />
    </section>
  );
}

interface Health {
  readonly tone: Tone | undefined;
  readonly word: string;
  readonly reason?: string | null;
}

function healthOf({ enabled, available, lastHealthyAt }: EngineRowFragment, agents: readonly AgentOfEngine[]): Health {
  if (!enabled) return { tone: undefined, word: "switched off" };
  const broken = agents.filter(({ healthy }) => !healthy);
  const reasons = [...new Set(broken.map(({ agent, reason }) => `${agent}: ${reason ?? "unhealthy"}`))].join("; ");
  if (agents.length === 0)
    return {
      tone: "doubt",
      word: "away",
      reason: lastHealthyAt === null ? "No agent has run it yet." : "No agent that has it is there.",
    };
  if (broken.length === agents.length) return { tone: "infected", word: "unhealthy", reason: reasons };
  if (broken.length > 0) return { tone: "doubt", word: "partly unhealthy", reason: reasons };
  return available ? { tone: "clean", word: "healthy" } : { tone: "doubt", word: "not available" };
}

function hasSignatures({ versions: { signatures, signatureDate } }: EngineRowFragment): boolean {
  return signatures !== null || signatureDate !== null;
}

function Signatures({ engine: { type, versions, stale } }: { engine: EngineRowFragment }) {
  const now = useServerNow();
  const { signatures, signatureDate } = versions;
  const ms = signatureDate === null ? undefined : now - Date.parse(signatureDate);
  const age = ms === undefined ? undefined : `${ageText(ms)} old`;
  const isAging = type === "AV" && (ms ?? 0) > AGING_MS;
  return (
    <span className="row">
      {signatures && <Name text={signatures} />}
      {age && stale && <span className="chip tone-infected">too old: {age}</span>}
      {age && !stale && <span className={isAging ? "chip tone-doubt" : "soft"}>{isAging ? `getting old: ${age}` : age}</span>}
    </span>
  );
}

function Rates({ rates: { results, detectionRate, errorRate, durations } }: { rates: NonNullable<Props["rates"]> }) {
  const parts = [
    `${results.toLocaleString()} results`,
    detectionRate !== null && `${percentText(detectionRate)} detections`,
    errorRate !== null && `${percentText(errorRate)} errors`,
    durations.p95Ms !== null && `95 % within ${durationText(durations.p95Ms)}`,
  ];
  return parts
    .filter((part) => part !== false)
    .map((part, index) => (
      <Fragment key={part}>
        {index > 0 && " · "}
        <span className="nowrap">{part}</span>
      </Fragment>
    ));
}

function Orders({
  engine: { name, enabled, type, speed, internet, input },
  agents,
}: {
  engine: EngineRowFragment;
  agents: Props["agents"];
}) {
  if (!useMay("FLEET_WRITE")) return null;
  const differing = agents.some(
    (one) => one.type !== type || one.speed !== speed || one.internet !== internet || one.input !== input,
  );
  return (
    <div className="row">
      <OrderButton mutation={EnableEngine} variables={{ name, enabled: !enabled }} to={name}>
        {enabled ? "Switch off" : "Switch on"}
      </OrderButton>
      {agents.length > 0 && (
        <OrderButton mutation={TestEngine} variables={{ name }} to={name}>
          Test now
        </OrderButton>
      )}
      {differing && (
        <OrderButton
          mutation={AcceptEngine}
          variables={{ name }}
          to={name}
          question={`Agents announce another type, speed, class or input for ${name}. Accept it for the whole mesh?`}
        >
          Accept the change
        </OrderButton>
      )}
      {agents.length === 0 && (
        <OrderButton
          mutation={RemoveEngine}
          variables={{ name }}
          to={name}
          question={`Take ${name} out of the catalogue? Scans do not expect it any more; its results stay.`}
        >
          Remove
        </OrderButton>
      )}
      {agents.some(({ testedAt }) => testedAt) && <LastTest agents={agents} />}
    </div>
  );
}

function LastTest({ agents }: { agents: Props["agents"] }) {
  const last = agents
    .flatMap(({ testedAt }) => testedAt ?? [])
    .toSorted()
    .at(-1);
  return last === undefined ? null : (
    <span className="soft small">
      tested <Ago at={last} />
    </span>
  );
}

function Fact({ label, value }: { label: string; value: React.ReactNode }) {
  if (!value) return null;
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
