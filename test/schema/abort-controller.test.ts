import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { createAbortController } from "../../schema/abort-controller.js";

it("any number may wait for one signal without a warning of a leak", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  try {
    const controller = createAbortController();
    let heard = 0;
    for (let i = 0; i < 50; i++) controller.signal.addEventListener("abort", () => void heard++);
    await setImmediate();
    controller.abort();
    expect([heard, warnings]).toEqual([50, []]);
  } finally {
    process.off("warning", note);
  }
});
