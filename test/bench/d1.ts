/** D1 and D2: how long the dashboard takes to be there, with an empty cache and the processor slowed four times. */

import type { Benchmark } from "./bench.js";
import { startDashboardBench } from "./dashboard.js";
import { formOf } from "./api.js";
import { pushThrough } from "./load.js";
import { metric } from "./metric.js";
import { figureOf } from "./statistics.js";

const SCANS = 50;

/** Lets `seen` stand for the time at which something is on the page first, by the page's own clock, which begins with its request. */
const noteFirst = (selector: string) => `
  globalThis.seen = new Promise((resolve) => {
    new MutationObserver((_, watch) => {
      if (document.querySelector(${JSON.stringify(selector)}) === null) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    }).observe(document, { subtree: true, childList: true });
  });
`;

/** D1: its content. */
export const d1: Benchmark = opening("D1", "the dashboard's latest scans are shown", "table.scans tbody tr");

/** D2: the place for files. */
export const d2: Benchmark = opening("D2", "a file can be dropped on the dashboard", ".drop");

function opening(id: "D1" | "D2", what: string, selector: string): Benchmark {
  return async ({ rounds, progress }) => {
    const { mesh, open, stop } = await startDashboardBench();
    try {
      await pushThrough(
        mesh,
        Array.from({ length: SCANS }, (_, i) => formOf(Buffer.from(`${i}`), `file-${i}.txt`)),
        () => undefined,
      );
      const found: number[] = [];
      // The first does not count: it reads the browser from the disk.
      for (let round = 0; round <= rounds; round++) {
        const ms = await progress.measure(
          `${id}  ${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}`,
          async () => {
            const { page, close } = await open({ slowed: true });
            await page.addInitScript(noteFirst(selector));
            await page.goto(mesh.url);
            const seen = await page.evaluate<number>("seen");
            await close();
            return seen;
          },
          (value) => `${value.toFixed(0)} ms`,
        );
        if (round > 0) found.push(ms);
      }
      const about = `from the request for the page until ${what}; empty cache, processor slowed 4 times`;
      return [metric({ id, about, unit: "ms", figure: figureOf(found) })];
    } finally {
      await stop();
    }
  };
}
