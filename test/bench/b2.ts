/** B2: latency at 20 % load, from submitting to the result on a subscription: beside the bare path, and what clamd is added to. */

import { formOf } from "./api.js";
import { startBareClamd, type BareClamd } from "./bare-clamd.js";
import type { Bench, Benchmark } from "./bench.js";
import { capacityOf } from "./capacity.js";
import { keepLatencies, latencyRounds, numbers } from "./kept-latencies.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { compare, metric, type Metric } from "./metric.js";
import { latencies, plannedStarts, type Percentiles } from "./open-load.js";
import { startPair } from "./pair.js";
import { measureLatency } from "./paired-latency.js";
import { randomOf } from "./random.js";
import { inTurn } from "./rounds.js";
import { makeSignatures } from "./signatures.js";
import { figureOf } from "./statistics.js";
import { openSubscriber } from "./subscriber.js";
import { traceScans } from "./trace/trace.js";

const LOAD = 0.2;
const SECONDS = 10;

/** Beside the bare path with the null engine, unless B0 has done that; then with clamd beside bare clamd. */
export const b2: Benchmark = async (bench) => {
  if (bench.trace) await traceScans(bench);
  return [...(bench.only.includes("B0") ? [] : await besideBare(bench)), ...(await withClamd(bench))];
};

async function besideBare(bench: Bench): Promise<Metric[]> {
  const pair = await startPair(bench);
  try {
    return await measureLatency(bench, pair, await capacityOf(bench, pair.product));
  } finally {
    await pair.stop();
  }
}

async function withClamd(bench: Bench): Promise<Metric[]> {
  const signatures = await makeSignatures(bench.seed);
  try {
    const clamd = await startBareClamd(signatures.folder);
    try {
      const mesh = await startMesh({ signatures: signatures.folder }, Buffer.from("first"));
      try {
        return await added(bench, mesh, clamd);
      } finally {
        await mesh.stop();
      }
    } finally {
      await clamd.stop();
    }
  } finally {
    await signatures.remove();
  }
}

async function added(bench: Bench, mesh: BenchMesh, clamd: BareClamd): Promise<Metric[]> {
  const capacity = await capacityOf(bench, mesh);
  const rate = LOAD * capacity;
  const count = Math.ceil(rate * bench.seconds(SECONDS));
  const starts = plannedStarts(count, rate, randomOf(bench.seed, 0xb2));
  const subscriber = openSubscriber(mesh.url);
  const product = keepLatencies("mesh", async (advance) => {
    const forms = bench.corpus.files("64K", count).map((file, i) => formOf(file, `64K-${i}`));
    return latencies(starts, async (i) => subscriber.final(await mesh.api.submit(forms[i] as Buffer), "CLEAN"), advance);
  });
  const bare = keepLatencies("bare INSTREAM", (advance) => {
    const files = bench.corpus.files("64K", count);
    return latencies(starts, (i) => clamd.scan(files[i] as Buffer), advance);
  });
  try {
    await inTurn("B2", bench.rounds, product, [bare], bench.progress);
    const load = `${rate.toFixed(1)} scans/s, 20 % of ${capacity.toFixed(0)}`;
    const of = (share: keyof Percentiles): Metric =>
      metric({
        id: `B2.clamd.${share}`,
        about: `latency added, ${share}: submit to result on a subscription, 64 KiB, clamd, ${load}`,
        unit: "ms",
        figure: figureOf(numbers(bench.rounds).map((round) => product.pooled(round, share) - bare.pooled(round, share))),
        compared: compare(latencyRounds(bench.rounds, share, product, bare), { name: `bare INSTREAM, ${share}`, unit: "ms" }),
      });
    return [of("p50"), of("p99")];
  } finally {
    await subscriber.close();
  }
}
