/**
 * The program of the agent's image. Where the container has a folder for the agent's key, it is the agent's own, and all is as without a
 * container. Where it has none, `join` and `leave` are about the host.
 */

import { readContainerConfig } from "./config.js";
import { reasonOf } from "./contract.js";
import { joinByContainer, leaveByContainer, StepFailed } from "./joiner/joiner.js";
import { createAbortController } from "../schema/abort-controller.js";
import { OperatorError } from "../schema/operator-error.js";

const [command, ...rest] = process.argv.slice(2);
const say = (sentence: string) => void process.stderr.write(`${sentence}\n`);

if ((command === "join" || command === "leave") && rest.length <= 1 && !readContainerConfig().keepsKey) await actOnHost();
else await import("./main.js");

async function actOnHost(): Promise<void> {
  const { signal } = abortBySignal();
  try {
    await (command === "join" ? joinByContainer(rest[0], say, signal) : leaveByContainer(say, signal));
  } catch (error) {
    if (!(error instanceof StepFailed) && error !== signal.reason) say(reasonOf(error));
    process.exitCode = signal.aborted ? 130 : error instanceof StepFailed ? error.status : error instanceof OperatorError ? 2 : 1;
  }
}

/** What was begun for the host is undone before this process ends. */
function abortBySignal(): AbortController {
  const leaving = createAbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => leaving.abort(new Error(`ended by ${signal}`)));
  return leaving;
}
