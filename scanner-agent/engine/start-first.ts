import type { Logger } from "pino";
import { reasonOf, Unavailable, type Instance, type Runner } from "../contract.js";

/** Starts the first runner that can be started. Throws {@link Unavailable} with the reasons of all. */
export async function startFirst(runners: readonly Runner[], log: Logger): Promise<Runner> {
  const reasons: string[] = [];
  let isPassing = false;
  for (const runner of runners) {
    try {
      await runner.start();
      return runner;
    } catch (error) {
      if (!(error instanceof Unavailable)) log.error({ err: error }, "A way to run the engine failed unexpectedly");
      reasons.push(reasonOf(error));
      isPassing ||= error instanceof Unavailable && error.isPassing;
    }
  }
  throw new Unavailable(reasons.join("; ") || "there is no way to run it", { isPassing });
}

/** What a runner says of itself now. Throws {@link Unavailable}. */
export async function describeRunner(runner: Runner): Promise<Instance> {
  return { versions: await runner.versions(), image: runner.image?.() ?? null };
}

/** Stops all runners of an engine. A runner that cannot be stopped holds up neither the others nor the engine's successor. */
export async function stopAll(runners: readonly Runner[], log: Logger): Promise<void> {
  await Promise.all(
    runners.map(async (runner) => {
      try {
        await runner.stop();
      } catch (error) {
        log.error({ err: error, runner: runner.description }, "Cannot end all that the engine has started");
      }
    }),
  );
}
