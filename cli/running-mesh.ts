/** The mesh that files are sent to: the one named, the one that runs on this machine, or one started for this command. */

import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { projectPath } from "../schema/paths.js";
import { runningMesh } from "../standalone/home.js";
import type { CliConfig } from "./config.js";
import { OperatorError } from "../schema/operator-error.js";

export interface ReachedMesh {
  readonly url: string;
  /** Whether it runs for this command alone. */
  readonly started: boolean;
  /** Stops it if this command started it. */
  stop(): Promise<void>;
}

const POLL_MS = 100;
/** A first start installs and builds. */
const START_WITHIN_MS = 10 * 60_000;
const KEPT_OUTPUT = 4_000;
const OTHER_MESH = "SCANMESH_HOME names the folder of another mesh, --url the address of one.";

/** Throws {@link OperatorError} if no mesh can be had: none is started for a caller with a key, which is of a mesh that runs already. */
export async function reachMesh(
  { home, apiKey }: CliConfig,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ReachedMesh> {
  const mesh = await runningMesh(home);
  if (mesh) return { url: mesh.url ?? (await listening(home, signal)), started: false, stop: async () => {} };
  if (apiKey !== undefined)
    throw new OperatorError(`No mesh runs in ${home}, and with an API key none is started. ${OTHER_MESH}`);
  say(`No mesh runs in ${home}: starting one for this command (npm run up keeps one running). ${OTHER_MESH}`);
  const child = spawn(process.execPath, [projectPath("standalone", "bootstrap.mjs"), "up"], {
    // A group of its own: Ctrl-C is for this command, which then ends the mesh in order. It also ends when the channel closes.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-KEPT_OUTPUT)));
  const stop = () => stopped(child);
  const looking = new AbortController();
  try {
    const url = await Promise.race([listening(home, AbortSignal.any([signal, looking.signal])), failed(child, () => said)]);
    return {
      url,
      started: true,
      async stop() {
        say("Stopping the mesh that was started for this command; its data stays.");
        await stop();
      },
    };
  } catch (error) {
    looking.abort();
    await stop();
    throw error;
  }
}

async function listening(home: string, signal: AbortSignal): Promise<string> {
  const end = Date.now() + START_WITHIN_MS;
  while (Date.now() < end) {
    const url = (await runningMesh(home))?.url;
    if (url) return url;
    await pause(POLL_MS, undefined, { signal });
  }
  throw new OperatorError("The mesh did not start in time.");
}

function failed(child: ChildProcess, said: () => string): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new OperatorError(`The mesh could not be started: ${said().trim() || "it ended at once"}`)));
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await closed;
}
