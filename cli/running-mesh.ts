/** The mesh that files are sent to: the one named, the one that runs on this machine, or one started for this command. */

import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../schema/abort-controller.js";
import { projectPath } from "../schema/paths.js";
import { signalGroup } from "../standalone/run.mjs";
import { findRunningMesh } from "../standalone/home.js";
import { Interrupted } from "./command.js";
import type { CliConfig } from "./config.js";
import { OperatorError } from "../schema/operator-error.js";

export interface MeshConnection {
  readonly url: string;
  /** Whether it runs for this command alone. */
  readonly started: boolean;
  /** Stops it if this command started it. */
  stop(): Promise<void>;
}

const POLL_MS = 100;
/** A first start installs and builds. */
const START_TIMEOUT_MS = 10 * 60_000;
const OUTPUT_MAX = 4_000;
const STOPPED = "Interrupted; the mesh was stopped.";
const OTHER_MESH = "SCANMESH_HOME names the folder of another mesh, --url the address of one.";

/**
 * Throws {@link OperatorError} if no mesh can be had: none is started for a caller with a key, which is of a mesh that runs already.
 * If the signal comes first, what was started is stopped and {@link Interrupted} says so, also from `stop`.
 */
export async function connectToMesh(
  { home, apiKey }: CliConfig,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<MeshConnection> {
  const mesh = await findRunningMesh(home);
  if (mesh) return { url: mesh.url ?? (await waitForUrl(home, signal)), started: false, stop: async () => {} };
  if (apiKey !== undefined)
    throw new OperatorError(`No mesh runs in ${home}, and with an API key none is started. ${OTHER_MESH}`);
  say(`No mesh runs in ${home}: starting one for this command (npm run up keeps one running). ${OTHER_MESH}`);
  const child = spawn(process.execPath, [projectPath("standalone", "bootstrap.mjs"), "up"], {
    // A group of its own: Ctrl-C is for this command, which then ends the mesh in order. It also ends when the channel closes.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output = `${output}${text}`.slice(-OUTPUT_MAX)));
  const stop = () => stopChild(child);
  const waiting = createAbortController();
  try {
    const url = await Promise.race([
      waitForUrl(home, AbortSignal.any([signal, waiting.signal])),
      rejectWhenClosed(child, () => output),
    ]);
    return {
      url,
      started: true,
      async stop() {
        if (!signal.aborted) say("Stopping the mesh that was started for this command; its data stays.");
        await stop();
        if (signal.aborted) throw new Interrupted(STOPPED);
      },
    };
  } catch (error) {
    waiting.abort();
    await stop();
    throw signal.aborted ? new Interrupted(STOPPED) : error;
  }
}

async function waitForUrl(home: string, signal: AbortSignal): Promise<string> {
  const end = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < end) {
    const url = (await findRunningMesh(home))?.url;
    if (url) return url;
    await pause(POLL_MS, undefined, { signal });
  }
  throw new OperatorError("The mesh did not start in time.");
}

function rejectWhenClosed(child: ChildProcess, output: () => string): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once("error", reject);
    child.once("close", () =>
      reject(new OperatorError(`The mesh could not be started: ${output().trim() || "it ended at once"}`)),
    );
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  // The whole group, because a build may be running in it. Parts of the mesh have groups of their own, and are stopped in order.
  signalGroup(child.pid, "SIGTERM");
  await closed;
}
