/** A run's results, as a document and as a table. */

import type { Compared, Metric } from "./metric.js";
import type { Options } from "./options.js";
import { ofMesh, PROCESSES, type ProcessorTime } from "./processor-time.js";
import type { Figure } from "./statistics.js";
import { columns, short, type Table } from "./table.js";

/** Where and on what a run took place. */
export interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the code that is measured; with a + if files were changed since, null without git. */
  readonly commit: string | null;
  /** The load average of the minute before the run: near 0 on a machine that does nothing else. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string | null>>;
}

export interface Report {
  readonly v: 1;
  readonly machine: Machine;
  readonly run: Pick<Options, "only" | "rounds" | "scale" | "seed">;
  /** What there is to say against the figures; empty for a good run. */
  readonly doubts: readonly string[];
  readonly metrics: readonly Metric[];
  readonly tables: readonly Table[];
}

/** The machine should do nothing else: this is the most that counts as nothing. */
const QUIET_LOAD = 0.25;

export function reportOf(
  machine: Machine,
  { only, rounds, scale, seed }: Options,
  metrics: readonly Metric[],
  tables: readonly Table[],
  failures: readonly string[] = [],
): Report {
  const doubts = metrics.flatMap(({ id, compared }) =>
    compared?.baseline.noisy ? [`${id}: its baselines spread ${percent(compared.baseline.spread)}, over 15 %`] : [],
  );
  if (machine.loadBefore > QUIET_LOAD * machine.cores)
    doubts.unshift(`the machine was busy before the run (load ${machine.loadBefore.toFixed(2)})`);
  if (scale < 1) doubts.unshift(`a run at scale ${scale} shows that everything runs; its figures say nothing`);
  return { v: 1, machine, run: { only, rounds, scale, seed }, doubts: [...failures, ...doubts], metrics, tables };
}

export function tableOf({ machine, doubts, metrics, tables }: Report): string {
  const head = ["metric", "median", "min", "max", "target", "floor", "reaches"];
  const rows = metrics.map(({ id, unit, figure, target, reached }) => [
    `${id} (${unit})`,
    ...[figure.median, figure.min, figure.max].map(short),
    target === null ? "–" : short(target.target),
    target === null ? "–" : short(target.floor),
    reached ?? "–",
  ]);
  const { versions } = machine;
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version ?? "–"}`);
  return [
    `${machine.date}  ${machine.cores} cores, ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.system}`,
    software.join(", "),
    "",
    ...columns([head, ...rows]),
    "",
    ...metrics.flatMap(explained),
    ...tables.flatMap(({ title, head, rows, notes }) => ["", title, ...columns([head, ...rows]), ...notes]),
    ...doubts.map((doubt) => `! ${doubt}`),
  ].join("\n");
}

function explained({ id, about, compared, cpuMsPerScan }: Metric): string[] {
  return [
    `${id}  ${about}`,
    ...(compared === null ? [] : [comparison(compared)]),
    ...(cpuMsPerScan === null ? [] : [`    CPU-ms a scan: ${costs(cpuMsPerScan)}`]),
  ];
}

function comparison({ unit, product, baseline, ratio }: Compared): string {
  const bare = `${baseline.name} ${range(baseline)} ${unit} (spread ${percent(baseline.spread)})`;
  return `    mesh ${range(product)}, ${bare}; ratio ${range(ratio)}`;
}

function costs(time: ProcessorTime): string {
  const used = PROCESSES.filter((name) => name !== "load" && time[name] > 0).map((name) => `${name} ${short(time[name])}`);
  return `${used.join(" + ")} = ${short(ofMesh(time))}; load generator ${short(time.load)}`;
}

function range({ median, min, max }: Figure): string {
  return `${short(median)} (${short(min)} to ${short(max)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
