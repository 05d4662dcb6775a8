/** B23: what scans lose while their engine is updated: the new signatures are fetched, and clamd is tried out with them beside the one that scans. */

import { formOf } from "./api.js";
import type { Bench, Benchmark } from "./bench.js";
import { withUpdates, type UpdatedMesh } from "./clamav-updates.js";
import { keepLatencies, latencyRounds, numbers } from "./kept-latencies.js";
import { compare, metric, type Metric } from "./metric.js";
import { latencies, plannedStarts, type Percentiles } from "./open-load.js";
import { randomOf } from "./random.js";
import { inTurn } from "./rounds.js";
import { figureOf } from "./statistics.js";
import { openSubscriber } from "./subscriber.js";

const RATE = 20;
const SECONDS = 10;

/** Versions are tested for as long as what is measured. */
export const b23: Benchmark = (bench) =>
  withUpdates(bench, { testSeconds: Math.ceil(bench.seconds(SECONDS)) }, (updated) => measure(bench, updated));

async function measure(bench: Bench, { mesh, begin, end }: UpdatedMesh): Promise<Metric[]> {
  const count = Math.ceil(RATE * bench.seconds(SECONDS));
  const starts = plannedStarts(count, RATE, randomOf(bench.seed, 0xb23));
  const subscriber = openSubscriber(mesh.url);
  const scan = (advance: Parameters<typeof latencies>[2]) => {
    const forms = bench.corpus.files("64K", count).map((file, i) => formOf(file, `64K-${i}`));
    return latencies(starts, async (i) => subscriber.final(await mesh.api.submit(forms[i] as Buffer), "CLEAN"), advance);
  };
  const updated = keepLatencies("while ClamAV is updated", async (advance) => {
    const id = await begin();
    const found = await scan(advance);
    await end(id);
    return found;
  });
  const alone = keepLatencies("without an update", scan);
  try {
    await inTurn("B23", bench.rounds, updated, [alone], bench.progress);
  } finally {
    await subscriber.close();
  }
  const of = (share: keyof Percentiles): Metric =>
    metric({
      id: `B23.${share}`,
      about: `latency, ${share}, while ClamAV is updated: submit to result on a subscription, 64 KiB, ${RATE} scans/s`,
      unit: "ratio",
      figure: figureOf(numbers(bench.rounds).map((round) => updated.pooled(round, share) / alone.pooled(round, share))),
      compared: compare(latencyRounds(bench.rounds, share, updated, alone), { name: `${alone.name}, ${share}`, unit: "ms" }),
    });
  return [of("p50"), of("p99")];
}
