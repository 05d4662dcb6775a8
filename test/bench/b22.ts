/** B22: what a mesh takes that has nothing to do. */

import { setTimeout as pause } from "node:timers/promises";
import type { Benchmark } from "./bench.js";
import { formOf } from "./api.js";
import { NULL_ENGINE } from "./engines.js";
import { pushThrough } from "./load.js";
import { startMesh } from "./mesh.js";
import { metric, type Metric } from "./metric.js";
import { elapsed } from "./processor-time.js";
import { pidOf, residentMB } from "./resident.js";
import { figureOf } from "./statistics.js";

const SECONDS = 10;
const SETTLE_MS = 3_000;
const FILES = 500;
const PARTS = ["gateway", "agent"] as const;

export const b22: Benchmark = async (bench) => {
  const mesh = await startMesh(NULL_ENGINE, Buffer.from("first"));
  try {
    // One that has worked, not one that has just begun.
    const forms = bench.corpus.files("64K", bench.scaled(FILES, 20)).map((file, i) => formOf(file, `64K-${i}`));
    await pushThrough(mesh, forms, () => undefined);
    await pause(SETTLE_MS);
    const found = PARTS.map((name) => ({ name, memory: [] as number[], share: [] as number[] }));
    for (let round = 1; round <= bench.rounds; round++) {
      await bench.progress.measure(
        `B22  round ${round} of ${bench.rounds}`,
        async () => {
          const [before, begun] = [await mesh.processorTime(), performance.now()];
          await pause(1_000 * bench.seconds(SECONDS));
          const used = elapsed(before, await mesh.processorTime());
          const passed = performance.now() - begun;
          for (const { name, memory, share } of found) {
            memory.push(residentMB(await pidOf(mesh, name)));
            share.push((100 * used[name]) / passed);
          }
        },
        () => "",
      );
    }
    return found.flatMap(({ name, memory, share }): Metric[] => [
      metric({ id: `B22.${name}.memory`, about: `resident memory of an idle ${name}`, unit: "MB", figure: figureOf(memory) }),
      metric({ id: `B22.${name}.cpu`, about: `processor time of an idle ${name}`, unit: "% of a core", figure: figureOf(share) }),
    ]);
  } finally {
    await mesh.stop();
  }
};
