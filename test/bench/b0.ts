/** B0: the bare path, and all that is measured beside it in one run: what B3 says of throughput and B2 of latency. */

import type { Benchmark } from "./bench.js";
import { capacityOf } from "./capacity.js";
import { metric, type Metric } from "./metric.js";
import { startPair } from "./pair.js";
import { measureLatency } from "./paired-latency.js";
import { measureThroughput, megabyteMetrics, throughputMetrics, type Measured } from "./paired-throughput.js";
import { numbers } from "./kept-latencies.js";
import { figureOf, mean, spread } from "./statistics.js";

export const b0: Benchmark = async (bench) => {
  const pair = await startPair(bench);
  try {
    const measured = await measureThroughput(bench, pair);
    const known = measured.find(({ id }) => id === "64K")?.rates.flatMap(({ product }) => product);
    const capacity = known === undefined ? await capacityOf(bench, pair.product) : mean(known);
    const latency = await measureLatency(bench, pair, capacity);
    return [
      ...measured.flatMap((one) => [steadiness(one), polling(one)]),
      ...throughputMetrics(measured),
      ...megabyteMetrics(measured),
      ...latency,
    ];
  } finally {
    await pair.stop();
  }
};

/** How far the bare path's own runs lie apart: whether the machine was quiet enough for what else is said. */
function steadiness({ id, rates, bare }: Measured): Metric {
  const runs = rates.flatMap(({ baseline }) => baseline);
  return metric({
    id: `B0.${id}.spread`,
    about: `the bare path's own runs, corpus ${id}: ${mean(runs).toFixed(0)} scans/s on average`,
    unit: "share",
    figure: figureOf([spread(runs)]),
    cpuMsPerScan: bare.cpuMsPerScan(),
  });
}

/** What the bench itself costs the product's Postgres. */
function polling({ id, rates, product }: Measured): Metric {
  const runs = numbers(rates.length).flatMap((round) => product.runs(round));
  return metric({
    id: `B0.${id}.polling`,
    about: `processor time of the session that asks which scans are final, corpus ${id}`,
    unit: "CPU-ms/scan",
    figure: figureOf(runs.map((run) => run.polling)),
  });
}
