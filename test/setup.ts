import "reflect-metadata";
import { afterAll, beforeEach } from "vitest";
import { takeLogged } from "./stage/log.js";

// The context's own `onTestFinished`: the global one does not know which of several tests at once is meant.
beforeEach(({ onTestFinished }) =>
  onTestFinished(({ task }) => {
    const logged = takeLogged();
    if (task.result?.state === "fail") process.stderr.write(logged);
  }),
);
afterAll(() => void takeLogged());
