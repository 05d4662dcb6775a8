/** The mesh's throughput end to end over the API. */

import { formOf } from "./api.js";
import type { CorpusId, CorpusMaker } from "./corpus.js";
import { pushThrough } from "./load.js";
import type { BenchMesh } from "./mesh.js";
import { elapsed, mapTime, ofMesh, processorTime, type ProcessorTime } from "./processor-time.js";
import type { Side } from "./rounds.js";
import { mean, median } from "./statistics.js";

/** The mesh as a side of a comparison, with what its scans cost. */
export interface MeshSide extends Side {
  /** Processor milliseconds of a scan, by process: medians over the runs that count. */
  cpuMsPerScan(): ProcessorTime;
  /** Those of the whole mesh, of each round. */
  cpuMsPerRound(): number[];
}

export function meshSide(mesh: BenchMesh, corpus: CorpusMaker, id: CorpusId, count: number): MeshSide {
  const costs: { round: number; cost: ProcessorTime }[] = [];
  return {
    name: "mesh",
    label: "mesh",
    unit: "scans/s",
    async measure(round, advance) {
      const forms = corpus.files(id, count).map((file, i) => formOf(file, `${id}-${i}`));
      const before = await processorTime();
      const seconds = await pushThrough(mesh.api, mesh.finals, forms, advance);
      const used = elapsed(before, await processorTime());
      if (round > 0) costs.push({ round, cost: mapTime((name) => used[name] / count) });
      return count / seconds;
    },
    cpuMsPerScan: () => mapTime((name) => median(costs.map(({ cost }) => cost[name]))),
    cpuMsPerRound() {
      const rounds = new Set(costs.map(({ round }) => round));
      return [...rounds].map((round) => mean(costs.filter((one) => one.round === round).map(({ cost }) => ofMesh(cost))));
    },
  };
}
