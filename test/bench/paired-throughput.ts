/** Throughput of the product by that of the bare path, and processor time likewise. */

import type { Bench } from "./bench.js";
import { CORPORA, type CorpusId } from "./corpus.js";
import { countScans } from "./counts.js";
import { numbers } from "./kept-latencies.js";
import { ratioMetric, type Metric } from "./metric.js";
import type { Pair } from "./pair.js";
import { ofMesh, type ProcessName, type ProcessorTime } from "./processor-time.js";
import { inTurn } from "./rounds.js";
import { fixedAndPerUnit, mean, type Round } from "./statistics.js";
import { meshSide, type MeshRun, type MeshSide } from "./throughput.js";

const WARM_UP = { T: 1_000, "64K": 400, M: 100 } as const;
const SECONDS = 7;
const MEASURED = ["gateway", "agent", "nats-server", "postgres"] as const satisfies readonly ProcessName[];

/** Both sides of one corpus, measured. */
export interface Measured {
  readonly id: CorpusId;
  readonly product: MeshSide;
  readonly bare: MeshSide;
  readonly rates: readonly Round[];
}

export async function measureThroughput(bench: Bench, pair: Pair): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const id of bench.corpora) {
    const amount = { seconds: bench.seconds(SECONDS), warmUp: bench.scaled(WARM_UP[id], 20) };
    const product = meshSide(pair.product, bench.corpus, id, amount);
    const bare = meshSide(pair.bare, bench.corpus, id, amount, "bare path");
    const [rates = []] = await inTurn(id, bench.rounds, product, [bare], bench.progress);
    measured.push({ id, product, bare, rates });
    if (bench.counts) bench.show(await countScans(bench, id, pair));
  }
  return measured;
}

/** Rates, and processor time by process, of each corpus. */
export function throughputMetrics(measured: readonly Measured[]): Metric[] {
  return measured.flatMap(({ id, product, bare, rates }) => {
    const cost = (name: string, of: (time: ProcessorTime) => number): Metric => {
      const about = `processor time of ${name} for a scan, corpus ${id}`;
      const key = name === "the mesh" ? `B3.${id}.cpu` : `B3.${id}.cpu.${name}`;
      const rounds = costRounds(rates.length, product, bare, (run) => of(run.cost));
      return ratioMetric({ id: key, about }, rounds, { name: bare.name, unit: "CPU-ms/scan" });
    };
    const rate = ratioMetric(
      {
        id: `B3.${id}.rate`,
        about: `throughput over the API, null engine, ${CORPORA[id]}`,
        cpuMsPerScan: product.cpuMsPerScan(),
      },
      rates,
      bare,
    );
    return [rate, cost("the mesh", ofMesh), ...MEASURED.map((name) => cost(name, (time) => time[name]))];
  });
}

/** What each megabyte costs: the difference of corpora M and T. Nothing if one of them was not measured. */
export function megabyteMetrics(measured: readonly Measured[]): Metric[] {
  const [small, mixed] = (["T", "M"] as const).map((wanted) => measured.find(({ id }) => id === wanted));
  if (small === undefined || mixed === undefined) return [];
  const slopes = (side: "product" | "bare", of: (time: ProcessorTime) => number) =>
    numbers(mixed.rates.length).map((round) => {
      const point = (runs: readonly MeshRun[]) => ({
        size: mean(runs.map(({ megabytes }) => megabytes)),
        cost: mean(runs.map(({ cost }) => of(cost))),
      });
      return fixedAndPerUnit(point(small[side].runs(round)), point(mixed[side].runs(round))).perUnit;
    });
  const each = (name: string, of: (time: ProcessorTime) => number): Metric => {
    const [product, bare] = [slopes("product", of), slopes("bare", of)];
    const rounds = product.map((value, i) => ({ product: [value], baseline: [bare[i] ?? Number.NaN] }));
    const about = `processor time of ${name} for each megabyte, by corpora T and M`;
    const id = name === "the mesh" ? "B3.perMB" : `B3.perMB.${name}`;
    return ratioMetric({ id, about }, rounds, { name: "bare path", unit: "CPU-ms/MB" });
  };
  // Postgres sees no bytes.
  const seeing = MEASURED.filter((name) => name !== "postgres");
  return [each("the mesh", ofMesh), ...seeing.map((name) => each(name, (time) => time[name]))];
}

function costRounds(rounds: number, product: MeshSide, bare: MeshSide, of: (run: { cost: ProcessorTime }) => number): Round[] {
  return numbers(rounds).map((round) => ({ product: product.runs(round).map(of), baseline: bare.runs(round).map(of) }));
}
