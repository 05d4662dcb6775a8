/** B17: a sample that is known within its freshness, sent again: no engine runs, and the answer is final at once. */

import { createHash } from "node:crypto";
import { formOf } from "./api.js";
import type { Benchmark } from "./bench.js";
import { capacityOf } from "./capacity.js";
import { startBareMesh } from "./bare-mesh.js";
import { NULL_ENGINE } from "./engines.js";
import { keepLatencies, latencyRounds } from "./kept-latencies.js";
import { pushThrough } from "./load.js";
import { startMesh } from "./mesh.js";
import { compare, metric } from "./metric.js";
import { latencies, plannedStarts } from "./open-load.js";
import { randomOf } from "./random.js";
import { inTurn } from "./rounds.js";
import { figureOf, median } from "./statistics.js";

const LOAD = 0.2;
const SECONDS = 10;
const AGAIN = `mutation Again($sha256: String!) {
  submitScan(input: { sha256: $sha256, freshness: 3600 }) {
    ... on SubmitScanSuccess { scan { scanId endDate results { reusedFrom } } }
    ... on UserError { message }
  }
}`;

interface Answer {
  readonly submitScan: {
    readonly scan?: { readonly endDate: string | null; readonly results: readonly { readonly reusedFrom: number | null }[] };
  };
}

export const b17: Benchmark = async (bench) => {
  const mesh = await startMesh({ own: "known", setting: 0 }, Buffer.from("first"));
  try {
    const bare = await startBareMesh(NULL_ENGINE);
    try {
      const rate = LOAD * (await capacityOf(bench, mesh));
      const count = Math.ceil(rate * bench.seconds(SECONDS));
      const starts = plannedStarts(count, rate, randomOf(bench.seed, 0x17));
      const files = bench.corpus.files("64K", count);
      await pushThrough(
        mesh,
        files.map((file, i) => formOf(file, `64K-${i}`)),
        () => undefined,
      );
      const hashes = files.map((file) => createHash("sha256").update(file).digest("hex"));
      const product = keepLatencies("mesh, known samples", (advance) =>
        latencies(
          starts,
          async (i) => {
            const answer = await mesh.api.query<Answer>(AGAIN, { sha256: hashes[i] });
            const { scan } = answer.submitScan;
            if (!scan?.endDate || scan.results.some(({ reusedFrom }) => reusedFrom === null))
              throw new Error(`a known sample was scanned again: ${JSON.stringify(answer)}`);
          },
          advance,
        ),
      );
      const subscriber = bare.openSubscriber();
      const baseline = keepLatencies("bare path, new samples", (advance) => {
        const fresh = bench.corpus.files("64K", count);
        return latencies(
          starts,
          async (i) => subscriber.final(await bare.api.submit(fresh[i] as Buffer), "INCONCLUSIVE"),
          advance,
        );
      });
      await inTurn("B17", bench.rounds, product, [baseline], bench.progress);
      await subscriber.close();
      const rounds = latencyRounds(bench.rounds, "p50", product, baseline);
      return [
        metric({
          id: "B17",
          about: `a known sample by its sha256, within its freshness: p50 until its final report, ${rate.toFixed(1)} a second`,
          unit: "ms",
          figure: figureOf(rounds.map((round) => median(round.product))),
          compared: compare(rounds, { name: "bare path, new samples, p50", unit: "ms" }),
        }),
      ];
    } finally {
      await bare.stop();
    }
  } finally {
    await mesh.stop();
  }
};
