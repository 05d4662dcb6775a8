/** What the tests of one file share: made before the first of them, ended after the last. */

import { afterAll, beforeAll } from "vitest";
import { startPuppet, type PuppetAgent } from "./puppet-agent.js";
import { startStage, type Stage } from "./stage.js";

/** Stands for what `make` makes, which is there as soon as the tests run. */
export function prepared<T extends object>(make: () => Promise<T>, end?: (made: T) => Promise<void>): T {
  let made: T | undefined;
  beforeAll(async () => void (made = await make()));
  afterAll(async () => {
    if (made !== undefined) await end?.(made);
  });
  const use = (): T => {
    if (made === undefined) throw new Error("what a file prepares is there in its tests, not while the file is read");
    return made;
  };
  return new Proxy({} as T, {
    get: (_, name) => Reflect.get(use(), name) as unknown,
    has: (_, name) => Reflect.has(use(), name),
  });
}

/** A mesh for the tests of this file. */
export const useStage = (options?: Parameters<typeof startStage>[0]): Stage =>
  prepared(
    () => startStage(options),
    (stage) => stage.stop(),
  );

/** An agent on the stage whose every move the tests decide. */
export const usePuppet = (...[stage, ...agent]: Parameters<typeof startPuppet>): PuppetAgent =>
  prepared(
    () => startPuppet(stage, ...agent),
    (puppet) => puppet.close(),
  );
