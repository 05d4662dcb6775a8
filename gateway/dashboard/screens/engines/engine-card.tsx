import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { visibleText } from "../../../../schema/visible-text.ts";
import { useServerNow } from "../../api/clock.ts";
import { useMay } from "../../app/viewer.ts";
import {
  AcceptEngine,
  EnableEngine,
  RemoveEngine,
  type EngineRowFragment,
  type ReadEnginesQuery,
} from "../../generated/engines.ts";
import { failsOften, SLOW_MEANING } from "../../parts/engine-rates.ts";
import { ageText, detectionShare, durationText, percentText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";
import { Notice } from "../../parts/notice.tsx";
import { OrderButton } from "../../parts/order-button.tsx";
import { ERRORS, scansAddress } from "../../parts/scans-address.ts";
import { healthOf, type AgentOfEngine, type Rates } from "./engine-health.ts";
import { LastError } from "./last-error.tsx";
import { LastSwitch } from "./last-switch.tsx";
import { TestOrder } from "./test-order.tsx";

interface Props {
  engine: EngineRowFragment;
  agents: readonly AgentOfEngine[];
  /** Undefined until they are known. */
  stats: ReadEnginesQuery["stats"] | undefined;
  rates: Rates | undefined;
  /** It takes much longer than the others. */
  isSlow: boolean;
  /** Without it no file can be proven clean. */
  isLastAntivirus: boolean;
  /** The address names it. */
  isWanted: boolean;
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
export function EngineCard({ engine, agents, stats, rates, isSlow, isLastAntivirus, isWanted }: Props) {
  const { name, type, speed, internet } = engine;
  const warnings = [...new Set(agents.flatMap((agent) => agent.warnings))];
  const { tone, word, reason } = healthOf(engine, agents, rates);
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isWanted) place.current?.scrollIntoView();
  }, [isWanted]);
  const slots = agents.reduce((sum, one) => sum + one.slots, 0);
  const busy = agents.reduce((sum, one) => sum + one.busy, 0);
  return (
    <section ref={place} className="card stack" aria-label={name}>
      <div className="row spread">
        <h2 className="row">
          <Link href={`/statistics?${new URLSearchParams({ engine: name })}`} title="Its statistics">
            <Name text={name} />
          </Link>
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
        <Fact label="Last 24 hours" value={stats && <LastDay stats={stats} rates={rates} isSlow={isSlow} />} />
      </dl>
      {stats && (rates?.errors ?? 0) > 0 && <LastError engine={name} since={stats.from} />}
      {!engine.enabled && <LastSwitch name={name} />}
      <Orders engine={engine} agents={agents} isLastAntivirus={isLastAntivirus} />
    </section>
  );
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

interface LastDayProps extends Pick<Props, "rates" | "isSlow"> {
  stats: NonNullable<Props["stats"]>;
}

function LastDay({ stats: { from: since }, rates, isSlow }: LastDayProps) {
  if (rates === undefined || rates.results === 0) return "no results";
  const { engine, results, errorRate, errors, durations } = rates;
  const detected = detectionShare(rates);
  const failed = errorRate !== null && `${percentText(errorRate)} errors`;
  const parts = [
    `${results.toLocaleString()} results`,
    detected !== null && `${percentText(detected)} detections`,
    errors > 0 ? (
      <Link
        key="errors"
        className={failsOften(rates) ? "chip tone-doubt" : ""}
        href={scansAddress({ since, engine, answer: ERRORS })}
      >
        {failed}
      </Link>
    ) : (
      failed
    ),
    durations.p95Ms !== null && isSlow ? (
      <Link
        key="slow"
        className="chip tone-doubt"
        title={`${SLOW_MEANING}. Here are the scans in which it took more than a second`}
        href={scansAddress({ since, engine, slowerThan: "1000" })}
      >
        slow: 95 % within {durationText(durations.p95Ms)}
      </Link>
    ) : (
      durations.p95Ms !== null && `95 % within ${durationText(durations.p95Ms)}`
    ),
  ];
  return (
    <span className="row">
      {parts
        .filter((part) => part !== false)
        .map((part, index) => (
          <span key={index} className="nowrap">
            {part}
          </span>
        ))}
    </span>
  );
}

function Orders({
  engine: { name, enabled, type, speed, internet, input },
  agents,
  isLastAntivirus,
}: Pick<Props, "engine" | "agents" | "isLastAntivirus">) {
  if (!useMay("FLEET_WRITE")) return null;
  const differing = agents.some(
    (one) => one.type !== type || one.speed !== speed || one.internet !== internet || one.input !== input,
  );
  return (
    <div className="row">
      <OrderButton
        mutation={EnableEngine}
        variables={{ name, enabled: !enabled }}
        to={name}
        {...(enabled && { question: offQuestion(name, isLastAntivirus) })}
      >
        {enabled ? "Switch off" : "Switch on"}
      </OrderButton>
      {agents.length > 0 && <TestOrder name={name} agents={agents} />}
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
    </div>
  );
}

function offQuestion(name: string, isLastAntivirus: boolean): string {
  const rest = isLastAntivirus ? " It is the last antivirus engine: without one no file can be proven clean." : "";
  return `Switch off ${visibleText(name)}? New scans do not ask it; scans that are open already go on.${rest}`;
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
