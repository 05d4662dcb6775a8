/** Latency of the product by that of the bare path. */

import type { Bench } from "./bench.js";
import { keepLatencies, latencyRounds, numbers, type KeptLatencies } from "./kept-latencies.js";
import { compare, metric, type Metric } from "./metric.js";
import { latencies, plannedStarts } from "./open-load.js";
import type { Pair } from "./pair.js";
import { randomOf } from "./random.js";
import { inTurn } from "./rounds.js";
import { figureOf } from "./statistics.js";

const SECONDS = 10;
const LOAD = 0.2;

/** From the intended start of a submission to its final result on a WebSocket, at a share of what the product does flat out. */
export async function measureLatency(bench: Bench, pair: Pair, capacity: number): Promise<Metric[]> {
  const rate = LOAD * capacity;
  const count = Math.ceil(rate * bench.seconds(SECONDS));
  const starts = plannedStarts(count, rate, randomOf(bench.seed, 0xb0));
  const subscribers = [pair.product, pair.bare].map((mesh) => ({ mesh, subscriber: mesh.openSubscriber() }));
  const sides = subscribers.map(({ mesh, subscriber }, i): KeptLatencies =>
    keepLatencies(i === 0 ? "mesh" : "bare path", (advance) => {
      const bodies = bench.corpus.files("64K", count).map((file, n) => mesh.bodyOf(file, `64K-${n}`));
      const one = async (n: number) => subscriber.final(await mesh.api.submit(bodies[n] as Buffer), "INCONCLUSIVE");
      return latencies(starts, one, advance);
    }),
  );
  const [product, bare] = sides as [KeptLatencies, KeptLatencies];
  try {
    await inTurn("latency", bench.rounds, product, [bare], bench.progress);
  } finally {
    for (const { subscriber } of subscribers) await subscriber.close();
  }
  const load = `${rate.toFixed(1)} scans/s, 20 % of ${capacity.toFixed(0)}`;
  return (["p50", "p99"] as const).map((share) =>
    metric({
      id: `B2.${share}`,
      about: `latency, ${share}: submit to result on a subscription, 64 KiB, null engine, ${load}`,
      unit: "ratio",
      figure: figureOf(numbers(bench.rounds).map((round) => product.pooled(round, share) / bare.pooled(round, share))),
      compared: compare(latencyRounds(bench.rounds, share, product, bare), { name: `bare path, ${share}`, unit: "ms" }),
    }),
  );
}
