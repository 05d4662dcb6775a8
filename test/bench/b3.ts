/** B3: what the mesh itself can do and costs, with an engine that answers at once. */

import type { Bench, Benchmark } from "./bench.js";
import { openInsertRate } from "./insert-rate.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { metric, ratioMetric, type Metric } from "./metric.js";
import { IN_FLIGHT, MESSAGE_BYTES, openPublishRate } from "./publish-rate.js";
import { inTurn, type Side } from "./rounds.js";
import { figureOf, fixedAndPerUnit, mean } from "./statistics.js";
import { meshSide, type MeshSide } from "./throughput.js";

const FILES = { T: 3_000, M: 400 } as const;
const INSERT_SECONDS = 3;
const MESSAGES = 20_000;
const MB = 1_000_000;

export const b3: Benchmark = async (bench) => {
  const mesh = await startMesh({ own: "null", iterationsPerMs: 0 }, Buffer.from("first"));
  try {
    const small = meshSide(mesh, bench.corpus, "T", bench.scaled(FILES.T, 50));
    const rates = await ratesOf(bench, mesh, small);
    const count = bench.scaled(FILES.M, 50);
    const mixed = meshSide(mesh, bench.corpus, "M", count);
    await inTurn("B3.cpu", bench.rounds, mixed, [], bench.progress);
    return [...rates, ...costs(small, 4_096 / MB, mixed, mean(bench.corpus.sizes("M", count)) / MB)];
  } finally {
    await mesh.stop();
  }
};

async function ratesOf({ rounds, progress, scaled }: Bench, mesh: BenchMesh, product: MeshSide): Promise<Metric[]> {
  const inserts = await openInsertRate(mesh.postgresUrl);
  const publishes = await openPublishRate(mesh.natsUrl, mesh.natsCreds);
  try {
    const rows: Side = {
      name: inserts.name,
      label: "inserts",
      unit: "rows/s",
      measure: () => inserts.measure(scaled(INSERT_SECONDS, 1)),
    };
    const messages: Side = {
      name: `JetStream publishes from Node, ${MESSAGE_BYTES} bytes, ${IN_FLIGHT} in flight`,
      label: "JetStream publishes",
      unit: "messages/s",
      measure: (_round, advance) => publishes.measure(scaled(MESSAGES, 1_000), advance),
    };
    const [toRows = [], toMessages = []] = await inTurn("B3", rounds, product, [rows, messages], progress);
    const rate = figureOf(toRows.map((round) => mean(round.product)));
    return [
      metric({
        id: "B3.rate",
        about: "mesh throughput over the API with the null engine, corpus T",
        unit: "scans/s",
        figure: rate,
        cpuMsPerScan: product.cpuMsPerScan(),
      }),
      ratioMetric({ id: "B3.pgbench", about: "the same against single-row inserts" }, toRows, rows),
      ratioMetric({ id: "B3.jetstream", about: "the same against JetStream publishes" }, toMessages, messages),
    ];
  } finally {
    await publishes.stop();
  }
}

/** The cost of a scan is that of the smallest and so much for each megabyte: two corpora tell both. */
function costs(small: MeshSide, smallMB: number, mixed: MeshSide, mixedMB: number): Metric[] {
  const ofMixed = mixed.cpuMsPerRound();
  const fits = small
    .cpuMsPerRound()
    .map((cost, i) => fixedAndPerUnit({ size: smallMB, cost }, { size: mixedMB, cost: ofMixed[i] ?? cost }));
  return [
    metric({
      id: "B3.cpu",
      about: "processor time of the mesh for a scan, whatever its size; null engine",
      unit: "CPU-ms/scan",
      figure: figureOf(fits.map(({ fixed }) => fixed)),
      cpuMsPerScan: small.cpuMsPerScan(),
    }),
    metric({
      id: "B3.cpuPerMB",
      about: `and for each megabyte of it; beside it the processor times of corpus M (mean ${mixedMB.toFixed(3)} MB)`,
      unit: "CPU-ms/MB",
      figure: figureOf(fits.map(({ perUnit }) => perUnit)),
      cpuMsPerScan: mixed.cpuMsPerScan(),
    }),
  ];
}
