/** Who waits for whom: one scan at a time, looked at on the wire, so that nothing of it is in the product. */

import { setTimeout as pause } from "node:timers/promises";
import { startBareMesh } from "../bare-mesh.js";
import type { Bench } from "../bench.js";
import { NULL_ENGINE } from "../engines.js";
import { startMesh, type ScansSamples } from "../mesh.js";
import { createSteps } from "./steps.js";

const FILES = 200;
const WARM_UP = 100;
/** After a scan, for what follows its result: acknowledgements above all. */
const REST_MS = 20;

export async function traceScans(bench: Bench): Promise<void> {
  const product = createSteps();
  const first = Buffer.from("first");
  await traced(bench, "mesh", product, await startMesh(NULL_ENGINE, first, { watched: product.note }));
  const bare = createSteps();
  await traced(bench, "bare path", bare, await startBareMesh(NULL_ENGINE, { watched: bare.note }));
}

async function traced(
  { corpus, scaled, progress, show }: Bench,
  name: string,
  steps: ReturnType<typeof createSteps>,
  mesh: ScansSamples,
): Promise<void> {
  const count = scaled(FILES, 10);
  const warmUp = scaled(WARM_UP, 5);
  const subscriber = mesh.openSubscriber();
  try {
    await progress.measure(
      `trace  ${name}`,
      async (advance) => {
        for (const [i, file] of corpus.files("64K", warmUp + count).entries()) {
          const body = mesh.bodyOf(file, `64K-${i}`);
          if (i >= warmUp) steps.begin();
          const scan = await mesh.api.submit(body);
          steps.note("the client has the scan's number", "gateway");
          await subscriber.final(scan, "INCONCLUSIVE");
          steps.note("the client has the result", "gateway");
          await pause(REST_MS);
          advance(i, warmUp + count);
        }
      },
      () => "",
    );
    show(steps.table(`One scan of 64 KiB at a time, ${name}: median times over ${count} scans`));
  } finally {
    await subscriber.close();
    await mesh.stop();
  }
}
