/** What a mesh does flat out with samples of 64 KiB, of which benchmarks of latency take a share. */

import type { Bench } from "./bench.js";
import { pushThrough } from "./load.js";
import type { ScansSamples } from "./mesh.js";

const FILES = 500;

/** Scans a second. */
export async function capacityOf({ corpus, scaled, progress }: Bench, mesh: ScansSamples): Promise<number> {
  const measure = async () => {
    const bodies = corpus.files("64K", scaled(FILES / 2, 10)).map((file, i) => mesh.bodyOf(file, `64K-${i}`));
    return progress.measure(
      "B2  capacity  mesh",
      async (advance) => bodies.length / (await pushThrough(mesh, bodies, advance)),
      (rate) => `${rate.toFixed(0)} scans/s`,
    );
  };
  await measure();
  return measure();
}
