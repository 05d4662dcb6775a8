import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import {
  Failed,
  reasonOf,
  Unavailable,
  type Instance,
  type RawOutput,
  type RunOptions,
  type Runner,
  type Sample,
} from "../../contract.js";
import { fingerprintOf } from "../fingerprint.js";
import { within } from "../../within.js";
import type { EngineProcess } from "./engine-process.js";
import { createEngineProcesses } from "./engine-processes.js";
import { startThread, type EngineWorker } from "./engine-worker.js";
import { unfenced, type Fence } from "../process/fence.js";
import type { StartContained } from "../process/start-node.js";
import type { WorkerReport } from "./worker-server.js";

/** Thousands of rules take a while to compile. */
const PREPARE_TIMEOUT_MS = 180_000;
const MAX_LOGGED = 100;
/** How long files must be unchanged before they are read, and how often that is waited for. */
const SETTLE_MS = 500;
const MAX_LOOKS = 10;
const MAX_OUTPUT = 8 * 1024 * 1024;
/** A worker is replaced after a larger sample, because WebAssembly memory never shrinks. */
const LARGE_SAMPLE = 32 * 1024 * 1024;
/** A worker is replaced after this many samples, so that leaked memory is freed. */
const SCANS_PER_WORKER = 1_000;

/** How a built-in engine is run. */
export interface BuiltinOptions {
  /** The worker's compiled file. */
  readonly file: string;
  /** What the worker is prepared with. */
  readonly data: unknown;
  /** Changes when the workers must be replaced, e.g. because of new rules. */
  readonly sources?: () => Promise<string | null>;
  /** Whether workers read these sources at each scan, and not only when they are prepared. */
  readonly readsSourcesWhileScanning?: boolean;
  /** How many samples a worker scans before it is replaced. */
  readonly scansPerWorker?: number;
  /** A private folder. */
  readonly folder: string;
  readonly programPath?: string;
  /** Finds the fence of the processes that samples are scanned in, at the first start; default: none. */
  readonly fence?: () => Promise<Fence>;
  /** Starts these processes where there is no fence; default: they run without one there. */
  readonly startContained?: StartContained;
  readonly log: Logger;
}

/**
 * Runs an engine in a process of worker threads, one for each sample that is scanned at once; they are kept for the next samples.
 * Rules are read by a thread of the agent, so that the process needs to see nothing but samples.
 */
export function createBuiltinRunner({
  file,
  data,
  sources,
  readsSourcesWhileScanning = false,
  folder,
  programPath = "",
  log,
  fence,
  startContained,
  scansPerWorker = SCANS_PER_WORKER,
}: BuiltinOptions): Runner {
  /** How many samples each worker has scanned. */
  const workers = new Map<EngineWorker, number>();
  /** Where each worker lives. */
  const homes = new WeakMap<EngineWorker, EngineProcess>();
  /** What each said of itself when it was prepared. */
  const instances = new WeakMap<EngineWorker, Instance>();
  const processes = createEngineProcesses({ file, folder, programPath, fence, startContained, log });
  let idle: EngineWorker[] = [];
  let report: WorkerReport | undefined;
  let lastSources: string | null | undefined;
  /** What the workers that take samples were prepared with; undefined: nothing yet. */
  let prepared: string | undefined;
  /** Why the newest rules could not be loaded, while the previous ones stay in use. */
  let outdated: string | undefined;
  let logged: readonly string[] = [];
  let refreshing: Promise<WorkerReport> | undefined;

  async function open(alone: boolean, given = report?.dataForOthers ?? data): Promise<EngineWorker> {
    const own = await (alone ? processes.start() : processes.shared());
    const shared = own.startWorker();
    const worker = alone ? { ...shared, end: () => own.stop() } : shared;
    homes.set(worker, own);
    workers.set(worker, 0);
    try {
      const next = await within(PREPARE_TIMEOUT_MS, worker.prepare(given));
      instances.set(worker, { versions: next.versions, image: null });
      // Its sources may have changed since it was prepared.
      if (!alone && workers.has(worker)) report = next;
      return worker;
    } catch (error) {
      await close(worker);
      throw notStarting(error);
    }
  }

  /** What workers are prepared with, read anew. */
  async function load(): Promise<unknown> {
    if (sources === undefined || readsSourcesWhileScanning) return data;
    const reader = startThread(file);
    try {
      return (await within(PREPARE_TIMEOUT_MS, reader.prepare(data))).dataForOthers ?? data;
    } catch (error) {
      throw notStarting(error);
    } finally {
      await reader.end();
    }
  }

  function warnings(): readonly string[] {
    return [
      ...(processes.isUnfenced() ? [unfenced("its process")] : []),
      ...(outdated === undefined ? [] : [outdated]),
      ...(report?.problems ?? []),
    ];
  }

  /** Each warning is logged once, as long as it lasts. */
  function logWarnings(): void {
    const known = new Set(logged);
    logged = warnings();
    const fresh = logged.filter((warning) => !known.has(warning));
    for (const warning of fresh.slice(0, MAX_LOGGED)) log.warn(warning);
    if (fresh.length > MAX_LOGGED) log.warn(`${fresh.length - MAX_LOGGED} more; \`npm run agent -- doctor\` lists all of them`);
  }

  async function close(worker: EngineWorker): Promise<void> {
    workers.delete(worker);
    idle = idle.filter((other) => other !== worker);
    await worker.end();
  }

  function takeIdle(): EngineWorker | undefined {
    idle = idle.filter((worker) => !worker.hasEnded());
    return idle.pop();
  }

  /** How many samples a worker has scanned, including this one; infinite for a worker that is being replaced. */
  function countScan(worker: EngineWorker): number {
    const before = workers.get(worker);
    if (before === undefined) return Infinity;
    workers.set(worker, before + 1);
    return before + 1;
  }

  /** Makes sure that there is a worker with the current rules. While these cannot be read, the previous ones stay in use. */
  async function refresh(): Promise<WorkerReport> {
    try {
      const now = await settledSources();
      if (now !== lastSources || report === undefined) await renew();
      lastSources = now;
      outdated = undefined;
    } catch (error) {
      if (report === undefined || !(error instanceof Unavailable)) throw error;
      outdated = `${error.message}; what was loaded before stays in use`;
    }
    if (workers.size === 0) idle.push(await open(false));
    logWarnings();
    if (report === undefined) throw new Unavailable("its worker does not start");
    return report;
  }

  /** Waits while rules are being written, but not forever. */
  async function settledSources(): Promise<string | null | undefined> {
    let now = await sources?.();
    for (let looks = 0; report !== undefined && now !== lastSources && looks < MAX_LOOKS; looks++) {
      await pause(SETTLE_MS);
      const before = now;
      now = await sources?.();
      if (now === before) break;
    }
    return now;
  }

  async function renew(): Promise<void> {
    const fresh = await open(false, await load());
    const old = idle;
    // Workers that are scanning are not in `idle`; being forgotten here, they end after their sample.
    workers.clear();
    workers.set(fresh, 0);
    prepared = fingerprintOf([file, report?.versions, report?.fingerprint]);
    await Promise.all(old.map(close));
    idle.push(fresh);
  }

  function refreshOnce(): Promise<WorkerReport> {
    refreshing ??= refresh().finally(() => (refreshing = undefined));
    return refreshing;
  }

  async function run(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const worker = (options.alone ? undefined : takeIdle()) ?? (await open(options.alone));
    const on = homes.get(worker);
    if (on === undefined) throw new Unavailable("its worker has no process");
    const instance = instances.get(worker);
    if (instance !== undefined) options.onStart?.(instance);
    let reusable = false;
    try {
      const output = await on.occupancy.scan(
        () => scanWith(worker, on, sample, options),
        () => !on.wasStopped(),
      );
      reusable = !options.alone && sample.size <= LARGE_SAMPLE && countScan(worker) < scansPerWorker;
      return output;
    } finally {
      if (reusable) idle.push(worker);
      else await close(worker);
    }
  }

  async function scanWith(worker: EngineWorker, on: EngineProcess, sample: Sample, options: RunOptions): Promise<RawOutput> {
    const shown = sample.path === null ? undefined : on.show(sample.path);
    try {
      const stdout = await within(options.timeoutMs, worker.scan({ ...sample, path: shown?.path ?? null }), options.signal);
      if (stdout.length > MAX_OUTPUT) throw new Failed(`printed more than ${MAX_OUTPUT} characters`);
      return { exitCode: 0, stdout, stderr: "" };
    } finally {
      shown?.remove();
    }
  }

  return {
    setup: { updatedBy: "AGENT", limits: { output: MAX_OUTPUT } },
    takesBytes: true,
    get description() {
      return `builtin (${processes.isolation()})`;
    },
    start: async () => void (await refreshOnce()),
    versions: async () => (await refreshOnce()).versions,
    async fingerprint() {
      if (prepared === undefined) return null;
      if (!readsSourcesWhileScanning) return prepared;
      const now = await sources?.();
      return now === undefined || now === null || now !== lastSources ? null : fingerprintOf([prepared, now]);
    },
    run,
    warnings,
    faults: () => report?.faults ?? [],
    async stop() {
      await processes.stop();
    },
  };
}

function notStarting(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  return new Unavailable(`its worker does not start: ${reasonOf(error)}`, { cause: error });
}
