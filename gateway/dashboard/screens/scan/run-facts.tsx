import type { ReadDetailsQuery } from "../../generated/scan.ts";
import { durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";

type Node = NonNullable<ReadDetailsQuery["node"]>;
type Run = Extract<Node, { exitCode: unknown }>;

/** Whether it is a result, and not another thing with an id. */
export function isRun(node: Node): node is Run {
  return "timings" in node;
}

const UPDATED_BY = { HOST: "the host", IMAGE: "its container image", AGENT: "the agent" } as const;

/** How the engine was run, and where the time went. */
export function RunFacts({ run: { exitCode, timings, setup } }: { run: Run }) {
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ["Waited", duration(timings.waitingMs)],
    ["Fetched the sample in", duration(timings.fetchingMs)],
    ["Made ready in", duration(timings.startingMs)],
    ["Scanned for", duration(timings.scanningMs)],
    ["Exit status", exitCode?.toString()],
    ["Runner", setup && <Name text={setup.runner} />],
    ["Agent's version", setup && <Name text={setup.agentVersion} />],
    ["Signatures updated by", setup?.updatedBy && UPDATED_BY[setup.updatedBy]],
  ];
  const limits = Object.entries(setup?.limits ?? {});
  return (
    <div className="stack">
      <dl className="facts small">
        {facts.map(
          ([label, value]) =>
            value && (
              <div key={label} className="fact">
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {limits.length > 0 && (
        <details className="small">
          <summary>Limits</summary>
          <dl className="facts">
            {limits.map(([name, value]) => (
              <div key={name} className="fact">
                <dt>
                  <Name text={name} />
                </dt>
                <dd>
                  <Name text={String(value)} />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function duration(ms: number | null): string | null {
  return ms === null ? null : durationText(ms);
}
