import "reflect-metadata";
import { afterAll, afterEach, beforeEach, vi } from "vitest";
import { takeLogged } from "./stage/log.js";

// The context's own `onTestFinished`: the global one does not know which of several tests at once is meant.
beforeEach(({ onTestFinished }) =>
  onTestFinished(({ task }) => {
    const logged = takeLogged();
    if (task.result?.state === "fail") process.stderr.write(logged);
  }),
);
// Files share a process: in the next one nothing would ever come in time.
afterEach(() => void vi.useRealTimers());
afterAll(() => void takeLogged());
