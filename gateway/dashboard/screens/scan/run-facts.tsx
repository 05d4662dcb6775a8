import type { ReadDetailsQuery } from "../../generated/scan.ts";
import { durationText } from "../../parts/measure.tsx";
import { Name } from "../../parts/name.tsx";

type Node = NonNullable<ReadDetailsQuery["node"]>;
type Run = Extract<Node, { exitCode: unknown }>;

/** Whether it is a result, and not another thing with an id. */
export function isRun(node: Node): node is Run {
  return "timings" in node;
}

const UPDATED_BY = { HOST: "the host", IMAGE: "its container image", AGENT: "the agent", MESH: "the mesh" } as const;

/** How the engine was run, and where the time went: names and values. */
export function runFacts({ exitCode, timings, setup }: Run): readonly (readonly [string, React.ReactNode])[] {
  return [
    ["Time", timeText(timings)],
    ["Exit status", exitCode?.toString()],
    ["Runner", setup && <Name text={setup.runner} />],
    ["Agent's version", setup && <Name text={setup.agentVersion} />],
    ["Signatures by", setup?.updatedBy && UPDATED_BY[setup.updatedBy]],
    ["Bundles", setup && setup.bundles.length > 0 && <Bundles bundles={setup.bundles} />],
  ];
}

function Bundles({ bundles }: { bundles: NonNullable<Run["setup"]>["bundles"] }) {
  return bundles.map(({ set, digest }) => (
    <div key={set}>
      <Name text={set} /> <code title={digest}>{digest.slice(0, 12)}</code>
    </div>
  ));
}

function timeText({ waitingMs, fetchingMs, startingMs, scanningMs }: Run["timings"]): string {
  const parts = [
    ["waited", waitingMs],
    ["got the sample in", fetchingMs],
    ["started in", startingMs],
    ["scanned for", scanningMs],
  ] as const;
  return parts.flatMap(([what, ms]) => (ms === null || ms < 0.5 ? [] : [`${what} ${durationText(ms)}`])).join(", ");
}

/** What the engine's runner limited. */
export function Limits({ run: { setup } }: { run: Run }) {
  const limits = Object.entries(setup?.limits ?? {});
  if (limits.length === 0) return null;
  return (
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
      <p className="soft">Times are in milliseconds, sizes in bytes.</p>
    </details>
  );
}
