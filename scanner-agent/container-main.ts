/**
 * The program of the agent's image. Where the container has a folder for the agent's key, it is the agent's own, and all is as without a
 * container. Where it has none, `join` and `leave` are about the host.
 */

import { readContainerConfig } from "./config.js";
import { reasonOf } from "./contract.js";
import { joinByContainer, leaveByContainer, StepFailed } from "./joiner/joiner.js";
import { openDaemon } from "./runners/container/docker.js";
import { removeContainer } from "./runners/container/resources.js";
import { OperatorError } from "../schema/operator-error.js";

const [command, ...rest] = process.argv.slice(2);
const say = (sentence: string) => void process.stderr.write(`${sentence}\n`);
let started: string | undefined;

if ((command === "join" || command === "leave") && rest.length <= 1 && !readContainerConfig().keepsKey) await actOnHost();
else await import("./main.js");

async function actOnHost(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void giveUp());
  const onStarted = (id: string) => void (started = id);
  try {
    await (command === "join" ? joinByContainer(rest[0], say, onStarted) : leaveByContainer(say, onStarted));
  } catch (error) {
    if (!(error instanceof StepFailed)) say(reasonOf(error));
    process.exitCode = error instanceof StepFailed ? error.status : error instanceof OperatorError ? 2 : 1;
  }
}

/** Ends what was begun for the host. */
async function giveUp(): Promise<void> {
  try {
    if (started !== undefined)
      await removeContainer(openDaemon({ host: undefined, certificates: undefined, tls: false }), started);
  } catch (error) {
    say(reasonOf(error));
  } finally {
    process.exit(130);
  }
}
