/** B11: engines that only wait, on one, two and four agents: how much of their slots the mesh keeps at work. */

import type { Benchmark } from "./bench.js";
import { pushThrough } from "./load.js";
import { startMesh } from "./mesh.js";
import { metric, type Metric } from "./metric.js";
import { SLOTS } from "./slots.js";
import { figureOf } from "./statistics.js";

const SLEEP_MS = 200;
const SECONDS = 8;
const AGENTS = [1, 2, 4];

export const b11: Benchmark = async ({ rounds, corpus, progress, seconds }) => {
  const engine = { own: "sleep", setting: SLEEP_MS } as const;
  const mesh = await startMesh(engine, Buffer.from("first"));
  try {
    const metrics: Metric[] = [];
    for (let running = 1; running <= Math.max(...AGENTS); running++) {
      if (running > 1) await mesh.startAgent(`bench-${running}`, engine);
      if (!AGENTS.includes(running)) continue;
      const most = (running * SLOTS.sleep) / (SLEEP_MS / 1_000);
      const shares: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        // Whole turns of all slots: no slot is idle at the end for want of samples.
        const count = running * SLOTS.sleep * Math.max(1, Math.round((seconds(SECONDS) * 1_000) / SLEEP_MS));
        const forms = corpus.files("T", count).map((file, i) => mesh.bodyOf(file, `T-${i}`));
        const share = await progress.measure(
          `B11  agents: ${running}, round ${round}`,
          async (advance) => count / (await pushThrough(mesh, forms, advance)) / most,
          (value) => value.toFixed(3),
        );
        if (round > 0) shares.push(share);
      }
      metrics.push(
        metric({
          id: `B11.${running}`,
          about: `agents: ${running}, each with ${SLOTS.sleep} slots of an engine that waits ${SLEEP_MS} ms; scans/s by slots / time`,
          unit: "ratio",
          figure: figureOf(shares),
        }),
      );
    }
    return metrics;
  } finally {
    await mesh.stop();
  }
};
