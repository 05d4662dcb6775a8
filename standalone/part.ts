/** The gateway and the agent as processes of their own, in groups of their own; they end when their channel to us closes. */

import { spawn } from "node:child_process";
import type { LifecycleMessage } from "../schema/lifecycle.js";
import { projectPath } from "../schema/paths.js";
import type { Exit } from "./guarded-server.js";
import { partsNode } from "./newer-node.mjs";
import { openLog, type Log } from "./log.js";
import { OperatorError } from "../schema/operator-error.js";

/** What to run. */
export interface PartCommand {
  readonly name: string;
  /** The program's file and its arguments. */
  readonly script: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
}

/** A running part. */
export interface Part {
  readonly name: string;
  /** Undefined if it could not be started at all. */
  readonly pid: number | undefined;
  readonly log: Log;
  readonly exited: Promise<Exit>;
  /** The first lifecycle message of that kind. Throws {@link OperatorError} if the part fails or ends before it. */
  message<K extends LifecycleMessage["kind"]>(kind: K): Promise<Extract<LifecycleMessage, { kind: K }>>;
  /** Waits for its end with status 0. Throws {@link OperatorError} if it ends otherwise. */
  success(): Promise<void>;
  /** Asks it to end; after `timeoutMs` its whole group is killed. */
  stop(timeoutMs: number): Promise<void>;
}

/** Starts a part. It may not be ready when this returns. */
export function startPart({ name, script, env, logFile }: PartCommand): Part {
  const log = openLog(logFile);
  const child = spawn(partsNode(projectPath()), script, {
    env: { NODE_ENV: "production", ...env },
    detached: true,
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  log.close();
  const messages: LifecycleMessage[] = [];
  child.on("message", (message) => messages.push(message as LifecycleMessage));
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });

  const failure = (): OperatorError | undefined => {
    const failed = messages.find((message) => message.kind === "failed");
    return failed && new OperatorError(`The ${name} did not start: ${withFullStop(failed.message)}`);
  };

  return {
    name,
    pid: child.pid,
    log,
    exited,
    message: (kind) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const wanted = messages.find((message) => message.kind === kind);
          if (wanted !== undefined) return resolve(wanted as Extract<LifecycleMessage, { kind: typeof kind }>);
          const error = failure();
          if (error !== undefined) reject(error);
        };
        child.on("message", look);
        look();
        exited.then((exit) => reject(failure() ?? new OperatorError(describeExit(name, exit, log))), reject);
      }),
    async success() {
      const exit = await exited;
      if (exit.code !== 0) throw failure() ?? new OperatorError(describeExit(name, exit, log));
    },
    async stop(timeoutMs) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const timer = setTimeout(() => killGroup(child.pid), timeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** One sentence on a process that ended by itself. The log of one that was killed is about something else, so it is not quoted. */
export function describeExit(name: string, { code, signal }: Exit, log: Log): string {
  const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
  const lastError = signal === null ? log.lastError() : "";
  return `The ${name} ${how}${lastError === "" ? "" : `: ${lastError.replace(/\.$/, "")}`} (see ${log.file}).`;
}

function withFullStop(sentence: string): string {
  return sentence.endsWith(".") ? sentence : `${sentence}.`;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
