/** B14: what fast engines lose while scans of a slow one queue. */

import { formOf } from "./api.js";
import type { Bench, Benchmark } from "./bench.js";
import { NULL_ENGINE } from "./engines.js";
import { keepLatencies, latencyRounds, numbers } from "./kept-latencies.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { compare, metric } from "./metric.js";
import { latencies, plannedStarts } from "./open-load.js";
import { randomOf } from "./random.js";
import { QUEUED } from "./options.js";
import { inTurn } from "./rounds.js";
import { figureOf } from "./statistics.js";

const AT_ONCE = 16;
const RATE = 40;
const SECONDS = 10;
/** Long enough that the queue outlasts the run: there are eight slots. */
const SLEEP_MS = 2_000;
const ULTRA = -1;
const QUEUE = `mutation Queue($base64: String!) {
  submitScan(input: { base64: $base64, engines: ["sleep"] }) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } }
}`;

export const b14: Benchmark = async (bench) => {
  const busy = await startMesh(NULL_ENGINE, Buffer.from("first"));
  try {
    const idle = await startMesh(NULL_ENGINE, Buffer.from("first"));
    try {
      const slow = { own: "sleep", setting: SLEEP_MS } as const;
      for (const mesh of [busy, idle]) await mesh.startAgent("slow", slow);
      const queued = bench.scaled(bench.queued, 50);
      await queue(bench, busy, queued);
      const side = (name: string, mesh: BenchMesh) => {
        const count = Math.ceil(RATE * bench.seconds(SECONDS));
        const starts = plannedStarts(count, RATE, randomOf(bench.seed, 0x14));
        const subscriber = mesh.openSubscriber();
        return keepLatencies(name, (advance) => {
          const forms = bench.corpus.files("64K", count).map((file, i) => formOf(file, `64K-${i}`, ULTRA));
          const one = async (i: number) => subscriber.final(await mesh.api.submit(forms[i] as Buffer), "INCONCLUSIVE");
          return latencies(starts, one, advance);
        });
      };
      const [product, baseline] = [side(`mesh, ${queued} slow scans queued`, busy), side("mesh, nothing queued", idle)];
      await inTurn("B14", bench.rounds, product, [baseline], bench.progress);
      return [
        metric({
          // Longer queues are metrics of their own.
          id: bench.queued === QUEUED ? "B14" : `B14.${bench.queued}`,
          about: `p99 of scans by the fastest class, ${RATE} a second, with ${queued} scans of a slow engine queued`,
          unit: "ratio",
          figure: figureOf(numbers(bench.rounds).map((round) => product.pooled(round, "p99") / baseline.pooled(round, "p99"))),
          compared: compare(latencyRounds(bench.rounds, "p99", product, baseline), { name: baseline.name, unit: "ms" }),
        }),
      ];
    } finally {
      await idle.stop();
    }
  } finally {
    await busy.stop();
  }
};

async function queue({ progress }: Bench, { api }: BenchMesh, count: number): Promise<void> {
  await progress.measure(
    `B14  queue of ${count}`,
    async (advance) => {
      let next = 0;
      const send = async () => {
        while (next < count) {
          const base64 = Buffer.from(`slow ${next++}`).toString("base64");
          const { submitScan } = await api.query<{ submitScan: { scan?: unknown } }>(QUEUE, { base64 });
          if (submitScan.scan === undefined) throw new Error(`a slow scan was refused: ${JSON.stringify(submitScan)}`);
          advance(next, count);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, send));
    },
    () => "",
  );
}
