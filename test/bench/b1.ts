/**
 * B1: the mesh with an engine that burns processor time, against the bare path with the same engine, and against that engine alone
 * with every core busy: both meshes share the cores with it.
 */

import { availableParallelism } from "node:os";
import type { Bench, Benchmark } from "./bench.js";
import { ratioMetric, type Metric } from "./metric.js";
import { startPair, type Pair } from "./pair.js";
import { inTurn, type Side } from "./rounds.js";
import { calibrate, createSpinPool, type SpinPool } from "./spin.js";
import { meshSide } from "./throughput.js";

const FILES = { T: 1_500, M: 500 } as const;

export const b1: Benchmark = async (bench) => {
  const iterationsPerMs = calibrate();
  const pool = createSpinPool(availableParallelism(), iterationsPerMs);
  const pair = await startPair(bench, { own: "spin", setting: iterationsPerMs });
  try {
    return [...(await throughput("T", { bench, pair, pool })), ...(await throughput("M", { bench, pair, pool }))];
  } finally {
    await Promise.all([pair.stop(), pool.stop()]);
  }
};

async function throughput(id: "T" | "M", { bench, pair, pool }: { bench: Bench; pair: Pair; pool: SpinPool }): Promise<Metric[]> {
  const count = bench.scaled(FILES[id], 20);
  const sizes = bench.corpus.sizes(id, count);
  const product = meshSide(pair.product, bench.corpus, id, count);
  const bare = meshSide(pair.bare, bench.corpus, id, count, "bare path");
  const alone: Side = {
    name: "spin alone, all cores",
    label: "spin alone",
    unit: "scans/s",
    async measure() {
      const begun = performance.now();
      await Promise.all(sizes.map((size) => pool.spin(size)));
      return count / ((performance.now() - begun) / 1_000);
    },
  };
  const [toBare = [], toAlone = []] = await inTurn(`B1.${id}`, bench.rounds, product, [bare, alone], bench.progress);
  const about = `mesh throughput over the API with spin, corpus ${id}`;
  return [
    ratioMetric({ id: `B1.${id}`, about, cpuMsPerScan: product.cpuMsPerScan() }, toBare, bare),
    ratioMetric({ id: `B1.${id}.spin`, about: "the same against spin alone" }, toAlone, alone),
  ];
}
