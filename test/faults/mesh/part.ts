/** A gateway or an agent as a process of its own, which ends when this process does. */

import { fork } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import type { LifecycleMessage } from "../../../schema/lifecycle.js";
import type { Running } from "./keeper.js";

const STOP_WITHIN_MS = 10_000;

export interface Part extends Running {
  /** Where a gateway listens; empty for an agent. */
  readonly url: string;
}

/** Returns when it listens or takes work. `args` begin with the program's file. */
export async function startPart(
  args: readonly [string, ...string[]],
  env: Record<string, string>,
  logFile: string,
): Promise<Part> {
  const log = openSync(logFile, "a");
  const [file, ...rest] = args;
  const { PATH = "", HOME = "" } = process.env;
  const child = fork(file, rest, { env: { PATH, HOME, NODE_ENV: "production", ...env }, stdio: ["ignore", log, log, "ipc"] });
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const started = await new Promise<LifecycleMessage>((resolve, reject) => {
    child.once("message", (message) => resolve(message as LifecycleMessage));
    void exited.then(() => reject(new Error(`it ended before it was ready (see ${logFile})`)));
  });
  if (started.kind === "failed") throw new Error(started.message);
  return {
    pid: child.pid ?? 0,
    url: started.kind === "listening" ? started.url : "",
    exited,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
