/** Throughput end to end over the API, and what it costs. */

import type { CorpusId, CorpusMaker } from "./corpus.js";
import { pushThrough } from "./load.js";
import type { ScansSamples } from "./mesh.js";
import { elapsed, mapTime, processorTime, type ProcessorTime } from "./processor-time.js";
import type { Side } from "./rounds.js";
import { mean, median } from "./statistics.js";

/** A mesh as a side of a comparison, with what its scans cost. */
export interface MeshSide extends Side {
  /** Processor milliseconds of a scan, by process: medians over the runs that count. */
  cpuMsPerScan(): ProcessorTime;
  /** What each run of a round that counts was. */
  runs(round: number): MeshRun[];
}

export interface MeshRun {
  readonly rate: number;
  /** Processor milliseconds of a scan. */
  readonly cost: ProcessorTime;
  /** That the session which tells which scans are final has used for each of them. */
  readonly polling: number;
  /** Of a sample, on average. */
  readonly megabytes: number;
}

/** How much is scanned: so many files, or as many as take so long, of which the warm-up's files give an idea. */
export type Amount = number | { readonly seconds: number; readonly warmUp: number };

const LEAST = 20;
const MB = 1_000_000;

export function meshSide(mesh: ScansSamples, corpus: CorpusMaker, id: CorpusId, amount: Amount, name = "mesh"): MeshSide {
  const kept: { round: number; run: MeshRun }[] = [];
  let count = typeof amount === "number" ? amount : amount.warmUp;
  return {
    name,
    label: name,
    unit: "scans/s",
    async measure(round, advance) {
      const files = corpus.files(id, count);
      const bodies = files.map((file, i) => mesh.bodyOf(file, `${id}-${i}`));
      const before = await mesh.processorTime();
      const polledBefore = await pollingTime(mesh);
      const seconds = await pushThrough(mesh, bodies, advance);
      const used = elapsed(before, await mesh.processorTime());
      const rate = bodies.length / seconds;
      const cost = mapTime((process) => used[process] / bodies.length);
      const polling = ((await pollingTime(mesh)) - polledBefore) / bodies.length;
      const megabytes = mean(files.map(({ length }) => length)) / MB;
      if (round > 0) kept.push({ round, run: { rate, cost, polling, megabytes } });
      if (typeof amount === "object") count = Math.max(LEAST, Math.round(rate * amount.seconds));
      return rate;
    },
    cpuMsPerScan: () => mapTime((process) => median(kept.map(({ run }) => run.cost[process]))),
    runs: (wanted) => kept.flatMap(({ round, run }) => (round === wanted ? [run] : [])),
  };
}

async function pollingTime({ finals }: ScansSamples): Promise<number> {
  return (await processorTime({ roots: [finals.session] })).postgres;
}
