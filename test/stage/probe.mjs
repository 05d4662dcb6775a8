/** Loaded into a process under test: tells over its IPC channel what the process has used so far. */

import { Session } from "node:inspector/promises";

const session = new Session();
let isCounting = false;

process.on("message", async (/** @type {{ ask?: "steps" | "memory" }} */ { ask }) => {
  if (ask === "steps") process.send?.({ kind: "steps", value: await stepsSinceLast() });
  if (ask === "memory") {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ kind: "memory", value: heapUsed + external });
  }
});

/** How often blocks of JavaScript were run, loops counted for each round: work that no clock or busy machine changes. */
async function stepsSinceLast() {
  if (!isCounting) {
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    isCounting = true;
  }
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const blocks = result.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges));
  return blocks.reduce((sum, { count }) => sum + count, 0);
}
