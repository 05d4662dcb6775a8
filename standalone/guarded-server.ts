/** Servers that are not ours, each under a guard process of its own, so that none outlives the process that started it. */

import { spawn } from "node:child_process";
import type { Log } from "./log.js";
import { OperatorError } from "../schema/operator-error.js";
import { projectPath } from "../schema/paths.js";

/** An operating system user. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What the guard runs. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Who runs it; by default who runs this process. */
  readonly user?: OsUser;
  /** How it is asked to end: each signal in turn, milliseconds after the request. */
  readonly stopSignals: readonly { readonly signal: NodeJS.Signals; readonly afterMs: number }[];
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What the guard says. */
export type GuardMessage =
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "failed"; readonly message: string }
  | ({ readonly kind: "exited" } & Exit);

/** A running server. */
export interface GuardedServer {
  readonly pid: number;
  readonly log: Log;
  /** Settles when the server has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
/** All that a server needs; variables of the user's own (PGPORT, NODE_OPTIONS …) must not change what it does. */
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", TZ: "UTC" };

/** Starts a server; its output goes to `log`. It runs when this returns, but may not be ready yet. */
export function startGuarded(server: ServerCommand, log: Log): Promise<GuardedServer> {
  const guard = spawn(process.execPath, [projectPath("standalone", "guard.mjs"), JSON.stringify(server)], {
    cwd: "/",
    env: ENVIRONMENT,
    // A group of its own: Ctrl-C in a terminal is for the owner, who then ends things in order.
    detached: true,
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  log.close();
  return new Promise((resolve, reject) => {
    let pid: number | undefined;
    let exit: Exit = { code: null, signal: "SIGKILL" };
    const exited = new Promise<Exit>((settle) => {
      guard.once("close", () => {
        // A guard that was killed could not stop its server.
        if (pid !== undefined && guard.exitCode !== 0) killIfThere(pid);
        settle(exit);
        reject(new OperatorError(`${server.command} cannot be run: its guard ended.`));
      });
    });
    guard.once("error", reject);
    guard.on("message", (message) => {
      const said = message as GuardMessage;
      if (said.kind === "failed") reject(new OperatorError(`${server.command} cannot be run: ${said.message}.`));
      if (said.kind === "exited") exit = said;
      if (said.kind === "running") {
        pid = said.pid;
        const stop = async () => {
          if (guard.connected) guard.send("stop");
          await exited;
        };
        resolve({ pid, log, exited, stop });
      }
    });
  });
}

/** Waits until a server is ready; false if it ends before, or is not ready after a minute and is stopped. */
export async function waitUntilReady(server: GuardedServer, isReady: () => Promise<boolean>): Promise<boolean> {
  let ended = false;
  void server.exited.then(() => (ended = true));
  for (const deadline = Date.now() + READY_TIMEOUT_MS; Date.now() < deadline && !ended;) {
    if (await isReady()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await server.stop();
  return false;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
