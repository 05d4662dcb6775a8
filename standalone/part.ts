/** The gateway and the agent as processes of their own, in groups of their own; they end when their channel to us closes. */

import { spawn } from "node:child_process";
import type { LifecycleMessage } from "../schema/lifecycle.js";
import type { Exit } from "./guarded-server.js";
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
  readonly log: Log;
  readonly exited: Promise<Exit>;
  /** The first lifecycle message of that kind. Throws {@link OperatorError} if the part fails or ends before it. */
  said<K extends LifecycleMessage["kind"]>(kind: K): Promise<Extract<LifecycleMessage, { kind: K }>>;
  /** Waits for its end with status 0. Throws {@link OperatorError} if it ends otherwise. */
  succeeded(): Promise<void>;
  /** Asks it to end; after `patienceMs` its whole group is killed. */
  stop(patienceMs: number): Promise<void>;
}

/** Starts a part. It may not be ready when this returns. */
export function startPart({ name, script, env, logFile }: PartCommand): Part {
  const log = openLog(logFile);
  const child = spawn(process.execPath, script, {
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
    const own = messages.find((message) => message.kind === "failed");
    return own && new OperatorError(`The ${name} did not start: ${withFullStop(own.message)}`);
  };

  return {
    name,
    log,
    exited,
    said: (kind) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const wanted = messages.find((message) => message.kind === kind);
          if (wanted !== undefined) return resolve(wanted as Extract<LifecycleMessage, { kind: typeof kind }>);
          const own = failure();
          if (own !== undefined) reject(own);
        };
        child.on("message", look);
        look();
        exited.then((exit) => reject(failure() ?? new OperatorError(ending(name, exit, log))), reject);
      }),
    async succeeded() {
      const exit = await exited;
      if (exit.code !== 0) throw failure() ?? new OperatorError(ending(name, exit, log));
    },
    async stop(patienceMs) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const timer = setTimeout(() => killGroup(child.pid), patienceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** One sentence on a process that ended unasked. Who is killed does not say why: its last words are about something else. */
export function ending(name: string, { code, signal }: Exit, log: Log): string {
  const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
  const complaint = signal === null ? log.complaint() : "";
  return `The ${name} ${how}${complaint === "" ? "" : `: ${complaint.replace(/\.$/, "")}`} (see ${log.file}).`;
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
