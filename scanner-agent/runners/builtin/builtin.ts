import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { Failed, reasonOf, Unavailable, type RawOutput, type RunOptions, type Runner, type Sample } from "../../contract.js";
import { within } from "../../within.js";
import { startProcess, startThread, type EngineWorker } from "./engine-worker.js";
import type { WorkerReport } from "./lane-messages.js";

/** Thousands of rules take a while to compile. */
const PREPARE_TIMEOUT_MS = 180_000;
const MAX_LOGGED = 100;
/** How long files must not have changed to be read, and how often that is waited for. */
const SETTLE_MS = 500;
const MAX_LOOKS = 10;
const MAX_OUTPUT = 8 * 1024 * 1024;
/** A worker that has read a larger sample is replaced: WebAssembly memory never shrinks. */
const LARGE_SAMPLE = 32 * 1024 * 1024;
/** A worker is replaced after so many samples: YARA-X leaks a WebAssembly memory at each, and all workers share what there is. */
const SCANS_PER_WORKER = 1_000;

/** One of the agent's own engines. */
export interface BuiltinOptions {
  /** The worker's compiled file. */
  readonly file: string;
  /** What the worker is made ready with. */
  readonly data: unknown;
  /** Changes when the workers must be made ready anew, e.g. with new rules. */
  readonly fingerprint?: () => Promise<string>;
  /** Samples after which a worker is replaced. */
  readonly scansPerWorker?: number;
  /** A folder for workers that are processes. */
  readonly folder: string;
  readonly log: Logger;
}

/** Runs an engine in worker threads: as many as samples are scanned at once, kept for the next ones. */
export function createBuiltinRunner({
  file,
  data,
  fingerprint,
  folder,
  log,
  scansPerWorker = SCANS_PER_WORKER,
}: BuiltinOptions): Runner {
  /** The workers, with how many samples each has had. */
  const lanes = new Map<EngineWorker, number>();
  let idle: EngineWorker[] = [];
  let prepared: WorkerReport | undefined;
  let print: string | undefined;
  /** Why the newest rules are not loaded while the ones before are in use. */
  let outdated: string | undefined;
  let logged: readonly string[] = [];
  let refreshing: Promise<WorkerReport> | undefined;

  async function open(alone: boolean, given = prepared?.dataForOthers ?? data): Promise<EngineWorker> {
    const lane = alone ? startProcess(file, folder) : startThread(file);
    lanes.set(lane, 0);
    try {
      const ready = await within(PREPARE_TIMEOUT_MS, lane.prepare(given));
      // It may have been prepared with what is out of date by now.
      if (!alone && lanes.has(lane)) prepared = ready;
      return lane;
    } catch (error) {
      await close(lane);
      throw error instanceof Unavailable
        ? error
        : new Unavailable(`its worker does not start: ${reasonOf(error)}`, { cause: error });
    }
  }

  function warnings(): readonly string[] {
    return [...(outdated === undefined ? [] : [outdated]), ...(prepared?.problems ?? [])];
  }

  /** Each warning is logged once, as long as it lasts. */
  function logWarnings(): void {
    const known = new Set(logged);
    logged = warnings();
    const fresh = logged.filter((warning) => !known.has(warning));
    for (const warning of fresh.slice(0, MAX_LOGGED)) log.warn(warning);
    if (fresh.length > MAX_LOGGED) log.warn(`${fresh.length - MAX_LOGGED} more; \`npm run agent -- doctor\` lists all of them`);
  }

  async function close(lane: EngineWorker): Promise<void> {
    lanes.delete(lane);
    idle = idle.filter((other) => other !== lane);
    await lane.end();
  }

  function takeIdle(): EngineWorker | undefined {
    idle = idle.filter((lane) => !lane.ended());
    return idle.pop();
  }

  /** How many samples a worker has had, this one included; a worker that is not kept any more has had enough. */
  function countScan(lane: EngineWorker): number {
    const before = lanes.get(lane);
    if (before === undefined) return Infinity;
    lanes.set(lane, before + 1);
    return before + 1;
  }

  /** Makes sure that a worker is there, ready with the present rules. While those cannot be had, the ones before serve. */
  async function refresh(): Promise<WorkerReport> {
    try {
      const now = await settledFingerprint();
      if (now !== print || prepared === undefined) await renew();
      print = now;
      outdated = undefined;
    } catch (error) {
      if (prepared === undefined || !(error instanceof Unavailable)) throw error;
      outdated = `${error.message}; what was loaded before stays in use`;
    }
    if (lanes.size === 0) idle.push(await open(false));
    logWarnings();
    if (prepared === undefined) throw new Unavailable("its worker does not start");
    return prepared;
  }

  /** Rules that are being written now are waited for, unless that never ends. */
  async function settledFingerprint(): Promise<string | undefined> {
    let now = await fingerprint?.();
    for (let looks = 0; prepared !== undefined && now !== print && looks < MAX_LOOKS; looks++) {
      await pause(SETTLE_MS);
      const before = now;
      now = await fingerprint?.();
      if (now === before) break;
    }
    return now;
  }

  async function renew(): Promise<void> {
    const fresh = await open(false, data);
    const old = idle;
    // Workers that are scanning now are not put back: they are not in `lanes` any more.
    lanes.clear();
    lanes.set(fresh, 0);
    await Promise.all(old.map(close));
    idle.push(fresh);
  }

  function refreshOnce(): Promise<WorkerReport> {
    refreshing ??= refresh().finally(() => (refreshing = undefined));
    return refreshing;
  }

  async function run(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const lane = (options.alone ? undefined : takeIdle()) ?? (await open(options.alone));
    let reusable = false;
    try {
      const stdout = await within(options.timeoutMs, lane.scan(sample), options.signal);
      reusable = !options.alone && sample.size <= LARGE_SAMPLE && countScan(lane) < scansPerWorker;
      if (stdout.length > MAX_OUTPUT) throw new Failed(`printed more than ${MAX_OUTPUT} characters`);
      return { exitCode: 0, stdout, stderr: "" };
    } finally {
      if (reusable) idle.push(lane);
      else await close(lane);
    }
  }

  return {
    description: "builtin (worker thread)",
    start: async () => void (await refreshOnce()),
    versions: async () => (await refreshOnce()).versions,
    run,
    warnings,
    async stop() {
      await Promise.all([...lanes.keys()].map(close));
    },
  };
}
