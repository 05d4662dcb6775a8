import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { MAX_CLOSED, type Opens } from "../../schema/closed.js";
import { Failed, reasonOf, TimedOut, Unavailable } from "../contract.js";
import { NOTHING, type Inspection, type InspectionLimits } from "./formats/inspection.js";
import type { Signature } from "./formats/search.js";
import { linkOrCopySync } from "../runners/process/node-process.js";
import { createStartOpener, type Opener, type OpenerHost, type StartOpener } from "./opener-host.js";

/** Raised whenever the inspector finds more, or something else, in a sample. */
const VERSION = 2;
const INSPECT_MS = 60_000;
const KEPT = 1_000;
/** How long it counts that an inspection failed. */
const KEEP_FAILURE_MS = 600_000;
/** How long nothing is tried after a process could not be started. */
const RETRY_MS = 30_000;
const MOST_OPENERS = 4;
/** A process is replaced after so many samples, and ended when it has had none for so long. */
const SAMPLES_PER_OPENER = 1_000;
const IDLE_MS = 60_000;
const STOPPING = "the agent is stopping";
/** How far it looks where no engine says that it looks further. */
const LEAST_LIMITS = { depth: 16, files: 10_000, unpacked: 1024 ** 3 } as const;

/** A sample, as its fetch found it. */
export interface InspectedSample {
  /** Null if there are bytes. */
  readonly path: string | null;
  readonly bytes?: Uint8Array | undefined;
  readonly sha256: string;
  readonly signatures: readonly Signature[];
}

/** Finds out what is closed to engines in a sample: once for all engines of the agent. */
export interface Inspector {
  /** Of the inspector and of the library that opens containers. */
  readonly version: string;
  /**
   * The sample's file may be removed as soon as this has been called. Throws {@link Unavailable} if the inspector does not run
   * here, {@link Failed} or {@link TimedOut} if it failed on this sample.
   */
  inspect(sample: InspectedSample): Promise<Inspection>;
  /** Starts a process, and tells how it is isolated. Throws {@link Unavailable}. */
  check(): Promise<string>;
  /** How many processes were started so far. */
  started(): number;
  stop(): Promise<void>;
}

/** How it is made. */
export interface InspectorOptions extends OpenerHost {
  /** What the engines of the agent open. */
  readonly opens: readonly (Opens | undefined)[];
  /** The longest it looks into one sample. */
  readonly timeoutMs?: number;
  readonly start?: StartOpener;
}

/** Makes an inspector; no process is started before it is needed. */
export function createInspector({ opens, timeoutMs = INSPECT_MS, start: given, ...host }: InspectorOptions): Inspector {
  const start = given ?? createStartOpener(host);
  const limits = limitsFor(opens);
  const most = Math.min(MOST_OPENERS, availableParallelism());
  const kept = new Map<string, { readonly found: Promise<Inspection>; readonly until: () => number }>();
  const samplesOf = new Map<Opener, number>();
  const waiting: (() => void)[] = [];
  const running = new Set<Promise<Inspection>>();
  let idle: Opener[] = [];
  let busy = 0;
  let started = 0;
  let files = 0;
  let unavailable: { readonly reason: string; readonly until: number } | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function open(): Promise<Opener> {
    if (isStopped) throw new Unavailable(STOPPING);
    idle = idle.filter((one) => !one.ended());
    const free = idle.pop();
    if (free !== undefined) return free;
    if (unavailable !== undefined && performance.now() < unavailable.until) throw new Unavailable(unavailable.reason);
    started += 1;
    try {
      const opener = await start();
      samplesOf.set(opener, 0);
      unavailable = undefined;
      if (!isStopped) return opener;
      await end(opener);
    } catch (error) {
      unavailable = { reason: reasonOf(error), until: performance.now() + RETRY_MS };
      throw error;
    }
    throw new Unavailable(STOPPING);
  }

  /** Runs when one of the processes may be used, in turn. */
  async function withOpener<T>(work: (opener: Opener) => Promise<T>): Promise<T> {
    // A waiter is handed the place of a finished one directly, so that nobody else can take it.
    if (busy >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      const opener = await open();
      const found = await work(opener);
      await giveBack(opener);
      return found;
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  }

  async function giveBack(opener: Opener): Promise<void> {
    const samples = (samplesOf.get(opener) ?? 0) + 1;
    samplesOf.set(opener, samples);
    if (isStopped || samples >= SAMPLES_PER_OPENER) return await end(opener);
    idle.push(opener);
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => void Promise.all(idle.splice(0).map(end)), IDLE_MS).unref();
  }

  async function end(opener: Opener): Promise<void> {
    samplesOf.delete(opener);
    await opener.stop();
  }

  async function lookInto({ path, bytes, signatures }: InspectedSample): Promise<Inspection> {
    if (path === null) return await withOpener((opener) => opener.inspect({ path, bytes, signatures }, limits, timeoutMs));
    const file = join(host.folder, `waiting-${++files}`);
    // Taken at once: the holder of the sample's file may release it while this waits for a process.
    linkOrCopySync(path, file);
    try {
      return await withOpener((opener) => opener.inspect({ path: file, signatures }, limits, timeoutMs));
    } finally {
      await unlink(file);
    }
  }

  function keep(sha256: string, found: Promise<Inspection>): void {
    let until = Infinity;
    kept.delete(sha256);
    kept.set(sha256, { found, until: () => until });
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    found.catch((error: unknown) => {
      if (error instanceof Failed || error instanceof TimedOut) until = performance.now() + KEEP_FAILURE_MS;
      // Not the sample's fault: the next request tries again.
      else if (kept.get(sha256)?.found === found) kept.delete(sha256);
    });
  }

  return {
    version: inspectorVersion(),
    inspect(sample) {
      if (sample.signatures.length === 0) return Promise.resolve(NOTHING);
      const before = kept.get(sample.sha256);
      if (before !== undefined && performance.now() < before.until()) return before.found;
      const found = lookInto(sample);
      running.add(found);
      const done = () => void running.delete(found);
      found.then(done, done);
      keep(sample.sha256, found);
      return found;
    },
    check: () => withOpener((opener) => Promise.resolve(opener.isolation)),
    started: () => started,
    async stop() {
      isStopped = true;
      clearTimeout(idleTimer);
      await Promise.all([...samplesOf.keys()].map(end));
      // Inspections that wait for a process, or for its end, still hold files.
      await Promise.allSettled(running);
    },
  };
}

/** The furthest that any engine looks: everything beyond is closed to all of them. */
function limitsFor(opens: readonly (Opens | undefined)[]): InspectionLimits {
  const furthest = (limit: keyof typeof LEAST_LIMITS) =>
    Math.max(LEAST_LIMITS[limit], ...opens.map((one) => one?.limits[limit] ?? 0));
  return { facts: MAX_CLOSED, depth: furthest("depth"), files: furthest("files"), unpacked: furthest("unpacked") };
}

/** Of the inspector and of the library that opens containers. */
export function inspectorVersion(): string {
  const { version } = createRequire(import.meta.url)("7z-wasm/package.json") as { version: string };
  return `${VERSION} (7z-wasm ${version})`;
}
