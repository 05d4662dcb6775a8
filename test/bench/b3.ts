/** B3: what the mesh itself can do and costs, with an engine that answers at once. */

import type { Bench, Benchmark } from "./bench.js";
import { openInsertRate } from "./insert-rate.js";
import type { BenchMesh } from "./mesh.js";
import { metric, ratioMetric, type Metric } from "./metric.js";
import { startPair } from "./pair.js";
import { measureThroughput, megabyteMetrics, throughputMetrics } from "./paired-throughput.js";
import { IN_FLIGHT, MESSAGE_BYTES, openPublishRate } from "./publish-rate.js";
import { inTurn, type Side } from "./rounds.js";
import { figureOf, mean } from "./statistics.js";
import { meshSide, type MeshSide } from "./throughput.js";

const FILES = 3_000;
const INSERT_SECONDS = 3;
const MESSAGES = 20_000;

/** Beside the bare path, unless B0 has done that; and what the stores alone take, for comparison. */
export const b3: Benchmark = async (bench) => {
  const pair = await startPair(bench);
  try {
    const beside = bench.only.includes("B0") ? [] : await measureThroughput(bench, pair);
    const small = meshSide(pair.product, bench.corpus, "T", bench.scaled(FILES, 50));
    return [...throughputMetrics(beside), ...megabyteMetrics(beside), ...(await ratesOf(bench, pair.product, small))];
  } finally {
    await pair.stop();
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
