/** D3: whether the dashboard can be used while 500 results arrive a second, with the processor slowed four times. */

import { setTimeout as pause } from "node:timers/promises";
import type { CDPSession } from "playwright-core";
import type { Benchmark } from "./bench.js";
import { startDashboardBench, startResults } from "./dashboard.js";
import { metric } from "./metric.js";
import { figureOf } from "./statistics.js";

const SECONDS = 10;
const SETTLE_MS = 2_000;
const KEY_EVERY_MS = 250;

/** Notes how long each key took until the frame after it was drawn, and how many frames there were. */
const NOTE_INPUT = `
  globalThis.answered = [];
  globalThis.frames = 0;
  const count = () => ((globalThis.frames += 1), requestAnimationFrame(count));
  requestAnimationFrame(count);
  const channel = new MessageChannel();
  let pressedAt;
  channel.port1.onmessage = () => answered.push(performance.now() - pressedAt);
  addEventListener("keydown", ({ timeStamp }) => {
    pressedAt = timeStamp;
    requestAnimationFrame(() => channel.port2.postMessage(""));
  }, true);
`;

export const d3: Benchmark = async ({ rounds, progress, seconds }) => {
  const { mesh, open, stop } = await startDashboardBench();
  try {
    const input: number[] = [];
    const script: number[] = [];
    const rates: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { page, cdp, close } = await open({ slowed: true });
      await cdp.send("Performance.enable");
      await page.goto(mesh.url);
      await page.locator("table.scans tbody tr").first().waitFor();
      const results = startResults(mesh);
      await progress.measure(
        `D3  round ${round} of ${rounds}`,
        async (advance) => {
          await pause(SETTLE_MS);
          const box = page.getByRole("search").getByRole("searchbox");
          await box.focus();
          await page.evaluate(NOTE_INPUT);
          const before = await scriptMs(cdp);
          const keys = Math.ceil((1_000 * seconds(SECONDS)) / KEY_EVERY_MS);
          for (let key = 0; key < keys; key++) {
            await page.keyboard.press("x");
            await pause(KEY_EVERY_MS);
            advance(key + 1, keys);
          }
          const used = (await scriptMs(cdp)) - before;
          const { answered, frames } = await page.evaluate<{ answered: number[]; frames: number }>("({ answered, frames })");
          input.push(Math.max(...answered));
          script.push(used / frames);
          return { slowest: Math.max(...answered), used: used / frames };
        },
        ({ slowest, used }) => `${slowest.toFixed(0)} ms, ${used.toFixed(2)} ms of script a frame`,
      );
      rates.push(await results.stop());
      await close();
    }
    const load = `${Math.round(Math.min(...rates))} results/s, processor slowed 4 times`;
    return [
      metric({ id: "D3.input", about: `slowest answer to a key, drawn, ${load}`, unit: "ms", figure: figureOf(input) }),
      metric({ id: "D3.script", about: `script of the page for each frame, ${load}`, unit: "ms", figure: figureOf(script) }),
    ];
  } finally {
    await stop();
  }
};

/** How long the page has run scripts. */
async function scriptMs(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return 1_000 * (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? Number.NaN);
}
