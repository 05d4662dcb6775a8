/** B1: the mesh with an engine that burns processor time, against the same engine alone with every core busy. */

import { availableParallelism } from "node:os";
import type { Bench, Benchmark } from "./bench.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { ratioMetric, type Metric } from "./metric.js";
import { inTurn, type Side } from "./rounds.js";
import { calibrate, createSpinPool, type SpinPool } from "./spin.js";
import { meshSide } from "./throughput.js";

const FILES = { T: 1_500, M: 500 } as const;

export const b1: Benchmark = async (bench) => {
  const iterationsPerMs = calibrate();
  const pool = createSpinPool(availableParallelism(), iterationsPerMs);
  const mesh = await startMesh({ own: "spin", iterationsPerMs }, Buffer.from("first"));
  try {
    return [await throughput("T", { bench, mesh, pool }), await throughput("M", { bench, mesh, pool })];
  } finally {
    await Promise.all([mesh.stop(), pool.stop()]);
  }
};

async function throughput(
  id: "T" | "M",
  { bench, mesh, pool }: { bench: Bench; mesh: BenchMesh; pool: SpinPool },
): Promise<Metric> {
  const count = bench.scaled(FILES[id], 20);
  const sizes = bench.corpus.sizes(id, count);
  const product = meshSide(mesh, bench.corpus, id, count);
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
  const [rounds = []] = await inTurn(`B1.${id}`, bench.rounds, product, [alone], bench.progress);
  const about = `mesh throughput over the API with spin, corpus ${id}`;
  return ratioMetric({ id: `B1.${id}`, about, cpuMsPerScan: product.cpuMsPerScan() }, rounds, alone);
}
