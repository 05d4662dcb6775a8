/** `npm run up`: the mesh on this machine, until Ctrl-C. */

import { inspect, parseArgs } from "node:util";
import { createAbortController } from "../schema/abort-controller.js";
import { projectPath } from "../schema/paths.js";
import { surviveLostOutput } from "../schema/lost-output.js";
import { ConfigError } from "../schema/settings.js";
import { readStandaloneConfig, type StandaloneConfig } from "./config.js";
import { firstScan } from "./first-scan.js";
import { claimHome, type Home } from "./home.js";
import { createMesh, type Mesh } from "./mesh.js";
import { findProgram } from "./programs.mjs";
import { createProgress, type Progress } from "./progress.mjs";
import { OperatorError } from "../schema/operator-error.js";
import { addresses, describeFirstScan, foundEicar, missingEngines, scanTable } from "./summary.js";

const STOP_TIMEOUT_MS = 9_500;
/** One Ctrl-C arrives several times: from the terminal, and from npm, which passes it on. */
const FORCE_AFTER_MS = 1_500;

/** Runs until it is told to stop. Throws when it cannot start, or a part ends. */
async function up(config: StandaloneConfig): Promise<void> {
  const progress = createProgress(process.stdout);
  const stop = stopSignal();
  const home = await claimHome(config.home, config.requiresKeys);
  const mesh = createMesh(config);
  const starting = start(config, mesh, home.publish, progress, stop);
  let failed: { readonly reason: unknown } | undefined;
  try {
    const failure = await Promise.race([starting.then(() => untilAborted(stop)), mesh.failure, untilAborted(stop)]);
    if (failure) throw failure;
  } catch (error) {
    failed = { reason: error };
    throw error;
  } finally {
    // Why it ends is told also when what it has started does not end in time.
    setTimeout(() => exitWith(failed?.reason), STOP_TIMEOUT_MS).unref();
    progress.stopping();
    const stopAll = async () => {
      await mesh.stop();
      await home.release();
    };
    await (mesh.hasStarted() ? progress.step("Stopping", stopAll) : stopAll());
  }
}

async function start(
  { home, requiresKeys }: StandaloneConfig,
  mesh: Mesh,
  publish: Home["publish"],
  progress: Progress,
  stop: AbortSignal,
): Promise<void> {
  const { url, open, engines, mistakes } = await mesh.start(progress);
  const healthy = engines.filter((engine) => engine.healthy).map(({ name }) => name);
  const paragraphs = [...missingEngines(engines, findProgram("clamd") !== undefined)];
  if (mistakes.length > 0) paragraphs.push(["Mistakes in engine manifests and settings of engines:", ...mistakes].join("\n"));
  if (requiresKeys) paragraphs.unshift(keysAdvice(home));
  else if (healthy.length > 0) {
    const scanning = () => firstScan(url, healthy, stop);
    paragraphs.unshift(scanTable(await progress.step("First scan", scanning, describeFirstScan, foundEicar)));
  }
  await publish(url, open);
  progress.line(["", ...paragraphs, addresses(url, home, open), ""].join("\n\n").slice(1, -1));
  progress.line("ScanMesh is up. Ctrl-C stops it; the data stays.");
}

/** The command must reach this mesh, and not another one of the same clone. */
function keysAdvice(home: string): string {
  const elsewhere = home === projectPath(".scanmesh") ? "" : `SCANMESH_HOME='${home.replaceAll("'", "'\\''")}' `;
  return [
    "This mesh asks its callers for an API key, so there is no first scan. Make a key in another terminal with",
    `${elsewhere}npm run api-keys -- create --name me --scopes admin`,
  ].join("\n");
}

/** Aborts when this process is asked to end. A second request after a while ends it at once. */
function stopSignal(): AbortSignal {
  const controller = createAbortController();
  let askedAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (askedAt !== undefined && performance.now() - askedAt > FORCE_AFTER_MS) process.exit(1);
      askedAt ??= performance.now();
      controller.abort();
    });
  }
  // A command that starts a mesh for itself holds a channel to it.
  process.on("disconnect", () => controller.abort());
  if (process.send !== undefined && !process.connected) controller.abort();
  return controller.signal;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What the operator is told: a sentence for what can be put right, everything there is for a fault of ours. */
function explain(error: unknown): string {
  if (error instanceof ConfigError)
    return ["These settings are wrong:", ...error.mistakes.map((mistake) => `  ${mistake}`)].join("\n");
  if (error instanceof OperatorError) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  if (path !== undefined && ["EACCES", "EPERM", "EROFS"].includes(code ?? "")) {
    return `No permission for ${path}: start as the user it belongs to, or set SCANMESH_HOME to a folder of your own.`;
  }
  if (code === "ENOSPC") return `The disk is full${path === undefined ? "" : ` at ${path}`}.`;
  return inspect(error);
}

function exitWith(reason: unknown): never {
  if (reason !== undefined) process.stderr.write(`\n${explain(reason)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  surviveLostOutput();
  try {
    const { listen } = parseArgs({ options: { listen: { type: "string" } } }).values;
    await up(readStandaloneConfig(undefined, listen));
    process.exit(0);
  } catch (error) {
    exitWith(error);
  }
}

await main();
