/** B2: the latency the mesh adds at 20 % load, from submitting to the result on a subscription, against bare INSTREAM. */

import { formOf } from "./api.js";
import { startBareClamd, type BareClamd } from "./bare-clamd.js";
import type { Bench, Benchmark } from "./bench.js";
import { pushThrough } from "./load.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { compare, metric, type Metric } from "./metric.js";
import { latencies, percentiles, plannedStarts, type Percentiles } from "./open-load.js";
import type { Advance } from "./progress.js";
import { randomOf } from "./random.js";
import { inTurn, type Side } from "./rounds.js";
import { makeSignatures } from "./signatures.js";
import { figureOf } from "./statistics.js";
import { openSubscriber } from "./subscriber.js";

const LOAD = 0.2;
const SECONDS = 10;
const CAPACITY_FILES = 500;

export const b2: Benchmark = async (bench) => {
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
};

async function added(bench: Bench, mesh: BenchMesh, clamd: BareClamd): Promise<Metric[]> {
  const capacity = await capacityOf(bench, mesh);
  const rate = LOAD * capacity;
  const count = Math.ceil(rate * bench.scaled(SECONDS, 1));
  const starts = plannedStarts(count, rate, randomOf(bench.seed, 0xb2));
  const subscriber = openSubscriber(mesh.url);
  const product = keeping("mesh", async (advance) => {
    const forms = bench.corpus.files("64K", count).map((file, i) => formOf(file, `64K-${i}`));
    return latencies(starts, async (i) => subscriber.final(await mesh.api.submit(forms[i] as Buffer), "CLEAN"), advance);
  });
  const bare = keeping("bare INSTREAM", (advance) => {
    const files = bench.corpus.files("64K", count);
    return latencies(starts, (i) => clamd.scan(files[i] as Buffer), advance);
  });
  try {
    await inTurn("B2", bench.rounds, product, [bare], bench.progress);
    const load = `${rate.toFixed(1)} scans/s, 20 % of ${capacity.toFixed(0)}`;
    const of = (share: keyof Percentiles): Metric => {
      const numbers = Array.from({ length: bench.rounds }, (_, i) => i + 1);
      const pairs = numbers.map((round) => ({ product: product.runs(round, share), baseline: bare.runs(round, share) }));
      return metric({
        id: `B2.${share}`,
        about: `latency added, ${share}: submit to result on a subscription, 64 KiB, clamd, ${load}`,
        unit: "ms",
        figure: figureOf(numbers.map((round) => product.pooled(round, share) - bare.pooled(round, share))),
        compared: compare(pairs, { name: `bare INSTREAM, ${share}`, unit: "ms" }),
      });
    };
    return [of("p50"), of("p99")];
  } finally {
    await subscriber.close();
  }
}

async function capacityOf({ corpus, scaled, progress }: Bench, { api, finals }: BenchMesh): Promise<number> {
  const forms = corpus.files("64K", scaled(CAPACITY_FILES, 20)).map((file, i) => formOf(file, `64K-${i}`));
  const measure = () =>
    progress.measure(
      "B2  capacity  mesh",
      (advance) => pushThrough(api, finals, forms.splice(0, forms.length / 2), advance),
      () => "",
    );
  await measure();
  const half = forms.length;
  return (
    half /
    (await progress.measure(
      "B2  capacity  mesh",
      (advance) => pushThrough(api, finals, forms, advance),
      (seconds) => `${(half / seconds).toFixed(0)} scans/s`,
    ))
  );
}

/** A side whose latencies are kept; its value is their median. */
interface LatencySide extends Side {
  /** Of both runs of the round together. */
  pooled(round: number, share: keyof Percentiles): number;
  /** Of each run of the round. */
  runs(round: number, share: keyof Percentiles): number[];
}

function keeping(name: string, measure: (advance: Advance) => Promise<number[]>): LatencySide {
  const kept: { round: number; found: number[] }[] = [];
  const of = (wanted: number) => kept.filter(({ round }) => round === wanted).map(({ found }) => found);
  return {
    name,
    label: name,
    unit: "ms (p50)",
    async measure(round, advance) {
      const found = await measure(advance);
      kept.push({ round, found });
      return percentiles(found).p50;
    },
    pooled: (round, share) => percentiles(of(round).flat())[share],
    runs: (round, share) => of(round).map((found) => percentiles(found)[share]),
  };
}
