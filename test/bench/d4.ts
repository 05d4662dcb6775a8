/** D4: whether the dashboard's memory stays as it is while 500 results arrive a second. As many pages as there are rounds, all at once. */

import { setTimeout as pause } from "node:timers/promises";
import type { CDPSession } from "playwright-core";
import type { Benchmark } from "./bench.js";
import { startDashboardBench, startResults } from "./dashboard.js";
import { metric } from "./metric.js";
import { figureOf } from "./statistics.js";

const SECONDS = 600;
/** Until every list is as long as it gets. */
const WARM_SHARE = 0.1;
const MB = 1_000_000;

export const d4: Benchmark = async ({ rounds, progress, seconds }) => {
  const { mesh, open, stop } = await startDashboardBench();
  try {
    const pages = await Promise.all(Array.from({ length: rounds }, () => open()));
    await Promise.all(
      pages.map(async ({ page }) => {
        await page.goto(mesh.url);
        await page.locator("table.scans").waitFor();
      }),
    );
    const heaps = () => Promise.all(pages.map(({ cdp }) => heapMB(cdp)));
    const results = startResults(mesh);
    const lasts = 1_000 * seconds(SECONDS);
    const { before, after } = await progress.measure(
      `D4  ${rounds} pages`,
      async () => {
        await pause(WARM_SHARE * lasts);
        const before = await heaps();
        await pause(lasts);
        return { before, after: await heaps() };
      },
      (found) => `${found.before[0]?.toFixed(2)} MB, then ${found.after[0]?.toFixed(2)} MB`,
    );
    const rate = Math.round(await results.stop());
    const grown = after.map((heap, i) => heap / (before[i] ?? Number.NaN) - 1);
    const about = `growth of the page's heap, ${rate} results/s for ${Math.round(lasts / 1_000)} s`;
    return [
      metric({ id: "D4", about, unit: "share", figure: figureOf(grown) }),
      metric({ id: "D4.heap", about: "the page's heap after that", unit: "MB", figure: figureOf(after) }),
    ];
  } finally {
    await stop();
  }
};

/** Of what is in use, without what nobody refers to any more. */
async function heapMB(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  return (await cdp.send("Runtime.getHeapUsage")).usedSize / MB;
}
