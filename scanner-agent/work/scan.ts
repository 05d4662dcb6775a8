import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { ResultMessage, ScanRequest } from "../../schema/messages.js";
import { CRASHED_REPEATEDLY_ERROR } from "../../schema/states.js";
import { Cancelled, Failed, NoRoom, notDone, reasonOf, Unavailable, type Outcome } from "../contract.js";
import type { Engine } from "../engine/engine.js";
import { beginInspection, judgeByInspection, type Underway } from "./inspection.js";
import { fitResult } from "./result.js";
import type { HeldSample } from "../samples/sample-cache.js";
import { countCrashes, handBack, type Assignment, type WorkContext } from "./hand-back.js";

/** A request that may have crashed this many agents is suspect: it runs alone, so that only its sample can be blamed. */
const ALONE_FROM_CRASHES = 2;
/** A request that may have crashed this many agents is not run again. */
const GIVE_UP_AT_CRASHES = 5;
const ANNOUNCE_AFTER_MS = 100;
const SLOT_WAIT_MS = 300_000;
/** How long NATS waits before it delivers again a request that has failed unexpectedly. */
const RETRY_MS = 1_000;
const PUBLISH_RETRY_MS = { first: 100, longest: 5_000 };

/** An assignment that can be ended from outside. */
type Job = Assignment & { readonly signal: AbortSignal };
type Answer = Pick<
  ResultMessage,
  "versions" | "image" | "setup" | "startedAt" | "durationMs" | "fetchingMs" | "inspector" | "closed"
> & {
  readonly outcome: Outcome;
};
/** What an engine said, and the inspection that went on beside it. */
type Ran = Answer & { readonly underway?: Underway | undefined };

/**
 * Answers one request. Never throws: the request is acknowledged once the bus has stored its answer or the scan is cancelled, and
 * handed back in every other case. `onSlotFree` is called once, when the engine is no longer busy with it.
 */
export async function scan(assignment: Assignment, context: WorkContext, onSlotFree: () => void): Promise<void> {
  const { pulled, engine, request } = assignment;
  const { signal, remove } = context.inFlight.add(request.scan);
  const log = context.log.child({ scan: request.scan, engine: engine.manifest.name });
  const keepAlive = setInterval(pulled.working, context.ackWaitMs / 3);
  let isSlotFree = false;
  const freeSlot = () => {
    if (!isSlotFree) onSlotFree();
    isSlotFree = true;
  };
  try {
    const job = { ...assignment, signal };
    const { underway, ...ran } = await runOrFail(job, context, log);
    freeSlot();
    const answer = { ...ran, ...(await judgeByInspection(ran.outcome, engine, underway, context.inspector, signal)) };
    if (signal.reason instanceof Cancelled) throw signal.reason;
    await publish(job, context, answer, log);
    pulled.ack();
  } catch (error) {
    if (signal.reason instanceof Cancelled) {
      log.info("Cancelled the scan");
      pulled.ack();
      return;
    }
    if (signal.aborted) return await handBack(assignment, context, "STOPPING", reasonOf(error));
    if (error instanceof NoRoom) return await handBack(assignment, context, "NO_ROOM", error.message);
    if (error instanceof Unavailable) return await handBack(assignment, context, "UNAVAILABLE", error.message);
    log.error({ err: error }, "A scan failed unexpectedly; it is tried again");
    // The sample may be what our own code fails at, so this counts like a crash.
    pulled.nak(RETRY_MS);
  } finally {
    clearInterval(keepAlive);
    remove();
    freeSlot();
  }
}

async function runOrFail(job: Job, context: WorkContext, log: Logger): Promise<Ran> {
  if (countCrashes(job) >= GIVE_UP_AT_CRASHES)
    return withoutRun(job, notDone("FAILED", "CRASHED_REPEATEDLY", CRASHED_REPEATEDLY_ERROR));
  let held: HeldSample | undefined;
  const start = performance.now();
  try {
    held = await holdSample(job, context);
    const fetchingMs = held === undefined ? undefined : millisecondsSince(start);
    return { ...(await run(job, context, held, log)), fetchingMs };
  } catch (error) {
    if (error instanceof Failed) return withoutRun(job, notDone("FAILED", "SAMPLE_UNAVAILABLE", error.message));
    throw error;
  } finally {
    await held?.release();
  }
}

/**
 * Holds the sample, with a file if the engine needs one, and fetches it first if necessary; undefined: the engine takes only hashes.
 */
async function holdSample({ request, engine, signal }: Job, { samples }: WorkContext): Promise<HeldSample | undefined> {
  if (engine.manifest.input === "hash") return undefined;
  const { sha256, size, blob, key } = request.sample;
  if (blob === null) throw new Failed("the mesh does not have the sample's bytes");
  let held: HeldSample | undefined;
  try {
    held = await samples.hold({ sha256, size, blob, key }, signal);
    if (held.bytes === undefined || !engine.takesBytes()) held.file();
    return held;
  } catch (error) {
    await held?.release();
    if (error instanceof Unavailable && !(error instanceof NoRoom))
      engine.suspend(`cannot fetch samples: ${error.message}`, samples.probe);
    throw error;
  }
}

async function run(job: Job, context: WorkContext, held: HeldSample | undefined, log: Logger): Promise<Ran> {
  const { request, engine, signal } = job;
  const free = await engine.slots.take(SLOT_WAIT_MS, signal);
  const startedAt = new Date().toISOString();
  let used = usedBy(engine);
  const announce = () => void announceStart(request, engine, context, { ...used, startedAt }, log);
  const announcement = setTimeout(announce, ANNOUNCE_AFTER_MS);
  const start = performance.now();
  try {
    const { sha256, sha1, md5, size } = request.sample;
    const underway = beginInspection(engine, sha256, held, context.inspector, log);
    const outcome = await engine.scan(
      { path: null, bytes: held?.bytes, file: held?.file, sha256, sha1, md5, size },
      {
        timeoutMs: Math.min(engine.manifest.timeout, request.timeoutMs),
        signal,
        alone: countCrashes(job) >= ALONE_FROM_CRASHES,
        onStart: ({ versions, image }) => (used = { ...used, versions, image }),
      },
    );
    const durationMs = millisecondsSince(start);
    return { outcome, ...used, startedAt, durationMs, underway };
  } finally {
    clearTimeout(announcement);
    free();
  }
}

/** Announces SCANNING to those who watch the scan. Best effort. */
async function announceStart(
  request: ScanRequest,
  engine: Engine,
  context: WorkContext,
  start: Pick<ResultMessage, "versions" | "image" | "startedAt">,
  log: Logger,
): Promise<void> {
  try {
    const nothing = { verdict: null, signature: null, error: null, cause: null, durationMs: null, details: null };
    const message = { ...baseMessage(request, context), ...nothing, ...start, state: "SCANNING" } as const;
    await context.answers.publish(engine.manifest.name, message, request.answers);
  } catch (error) {
    log.debug({ err: error }, "The start of a scan was not announced");
  }
}

/**
 * Publishes the answer, and retries for long: a late answer still counts. Throws {@link Unavailable} if the bus never takes it.
 */
async function publish({ request, engine, signal }: Job, context: WorkContext, answer: Answer, log: Logger): Promise<void> {
  const { outcome, ...measured } = answer;
  const message = fitResult({ ...baseMessage(request, context), cause: null, ...measured, ...outcome });
  const giveUpAt = performance.now() + context.publishMs;
  for (let delay = PUBLISH_RETRY_MS.first; ; delay = Math.min(2 * delay, PUBLISH_RETRY_MS.longest)) {
    try {
      return await context.answers.publish(engine.manifest.name, message, request.answers);
    } catch (error) {
      if (!(error instanceof Unavailable) || performance.now() > giveUpAt) throw error;
      log.warn({ reason: error.message }, `Cannot store a result (${error.message}); retrying`);
    }
    await pause(delay, undefined, { signal });
  }
}

function baseMessage(request: ScanRequest, { agent }: WorkContext) {
  return { v: 1, scan: request.scan, agent, truncated: false } as const;
}

/** To the microsecond. */
function millisecondsSince(start: number): number {
  return Math.round((performance.now() - start) * 1000) / 1000;
}

function usedBy(engine: Engine): Pick<ResultMessage, "versions" | "image" | "setup"> {
  return { versions: engine.versions(), image: engine.image(), setup: engine.setup().id };
}

function withoutRun({ engine }: Job, outcome: Outcome): Answer {
  return { outcome, ...usedBy(engine), startedAt: null, durationMs: null };
}
