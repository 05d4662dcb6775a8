import "reflect-metadata";
import { afterAll, beforeEach, onTestFinished } from "vitest";
import { takeLogged } from "./stage/log.js";

beforeEach(() =>
  onTestFinished(({ task }) => {
    const logged = takeLogged();
    if (task.result?.state === "fail") process.stderr.write(logged);
  }),
);
afterAll(() => void takeLogged());
