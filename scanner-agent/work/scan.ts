import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { ResultMessage, ScanRequest } from "../../schema/messages.js";
import type { Bus } from "../bus/bus.js";
import { Cancelled, Failed, notDone, reasonOf, Unavailable, type Outcome } from "../contract.js";
import type { Delivery } from "../bus/pulled-request.js";
import type { Engine } from "../engine/engine.js";
import { fitted } from "./result.js";
import type { HeldSample, SampleCache } from "../samples/sample-cache.js";
import { publishResult } from "../bus/verbs.js";
import type { Work } from "./in-flight.js";

const ALONE_FROM_DELIVERY = 3;
const LAST_DELIVERY = 6;
const ANNOUNCE_AFTER_MS = 100;
const SLOT_LIMIT_MS = 300_000;
const HAND_BACK_DELAY_MS = 1_000;
const PUBLISH_RETRY_MS = { first: 100, longest: 5_000 };

/** What a scan needs of its agent. */
export interface ScanContext {
  readonly bus: Bus;
  readonly samples: SampleCache;
  readonly agent: string;
  readonly ackWaitMs: number;
  /** Where each request is entered, and told to end. */
  readonly work: Work;
  readonly log: Logger;
}

/** One request, taken by one engine. */
export interface Taken {
  readonly request: ScanRequest;
  readonly delivery: Delivery;
  readonly engine: Engine;
}

type Entered = Taken & { readonly signal: AbortSignal };
type Answer = Pick<ResultMessage, "startedAt" | "durationMs"> & { readonly outcome: Outcome };

/**
 * Takes one request from take to answer. Never throws: whatever happens, the request is acknowledged after its answer is stored
 * by the bus or nobody wants it any more, or handed back. `onRan` is called once, when the engine is no longer busy with it.
 */
export async function scan(taken: Taken, context: ScanContext, onRan: () => void): Promise<void> {
  const { delivery, engine, request } = taken;
  const { signal, leave } = context.work.enter(request.scan);
  const log = context.log.child({ scan: request.scan, engine: engine.manifest.name });
  const keepAlive = setInterval(delivery.working, context.ackWaitMs / 3);
  let ran = false;
  const freed = () => {
    if (!ran) onRan();
    ran = true;
  };
  try {
    const entered = { ...taken, signal };
    const answer = await answerOf(entered, context, log);
    freed();
    if (signal.reason instanceof Cancelled) throw signal.reason;
    await publish(entered, context, answer, log);
    delivery.ack();
  } catch (error) {
    if (signal.reason instanceof Cancelled) {
      log.info("cancelled");
      delivery.ack();
      return;
    }
    if (!signal.aborted && !(error instanceof Unavailable))
      log.error({ err: error }, "a scan failed through no fault of engine or sample");
    else log.info({ reason: reasonOf(error) }, "handed back");
    delivery.nak(signal.aborted ? 0 : HAND_BACK_DELAY_MS);
  } finally {
    clearInterval(keepAlive);
    leave();
    freed();
  }
}

async function answerOf(taken: Entered, context: ScanContext, log: Logger): Promise<Answer> {
  if (taken.delivery.deliveries >= LAST_DELIVERY)
    return unstarted(notDone("FAILED", "CRASHED_REPEATEDLY", "ended its agent five times"));
  let held: HeldSample | undefined;
  try {
    held = await fetch(taken, context);
    return await run(taken, context, held?.path ?? null, log);
  } catch (error) {
    if (error instanceof Failed) return unstarted(notDone("FAILED", "SAMPLE_UNAVAILABLE", error.message));
    throw error;
  } finally {
    await held?.release();
  }
}

/** The sample's file, or undefined for an engine that looks at hashes only. */
async function fetch({ request, engine, signal }: Entered, { samples }: ScanContext): Promise<HeldSample | undefined> {
  if (engine.manifest.input === "hash") return undefined;
  const { sha256, size, blob } = request.sample;
  if (blob === null) throw new Failed("the mesh does not have the sample's bytes");
  try {
    return await samples.hold({ sha256, size, blob }, signal);
  } catch (error) {
    if (error instanceof Unavailable) engine.suspend(`samples cannot be fetched: ${error.message}`, samples.probe);
    throw error;
  }
}

async function run(
  { request, delivery, engine, signal }: Entered,
  context: ScanContext,
  path: string | null,
  log: Logger,
): Promise<Answer> {
  const free = await engine.slots.take(SLOT_LIMIT_MS, signal);
  const startedAt = new Date().toISOString();
  const announce = () => void announceStart(request, engine, context, startedAt, log);
  const announcement = setTimeout(announce, ANNOUNCE_AFTER_MS);
  const begun = performance.now();
  try {
    const { sha256, sha1, md5, size } = request.sample;
    const outcome = await engine.scan(
      { path, sha256, sha1, md5, size },
      {
        timeoutMs: Math.min(engine.manifest.timeout, request.timeoutMs),
        signal,
        alone: delivery.deliveries >= ALONE_FROM_DELIVERY,
      },
    );
    return { outcome, startedAt, durationMs: Math.round((performance.now() - begun) * 1000) / 1000 };
  } finally {
    clearTimeout(announcement);
    free();
  }
}

/** Announces SCANNING; best effort, for whoever watches. */
async function announceStart(
  request: ScanRequest,
  engine: Engine,
  context: ScanContext,
  startedAt: string,
  log: Logger,
): Promise<void> {
  try {
    const nothing = { verdict: null, signature: null, error: null, cause: null, durationMs: null, details: null };
    await publishResult(context.bus, engine.manifest.name, {
      ...frame(request, engine, context),
      ...nothing,
      state: "SCANNING",
      startedAt,
    });
  } catch (error) {
    log.debug({ err: error }, "the start was not announced");
  }
}

/** Publishes the answer until the bus has stored it: a late answer still counts. */
async function publish({ request, engine, signal }: Entered, context: ScanContext, answer: Answer, log: Logger): Promise<void> {
  const { outcome, startedAt, durationMs } = answer;
  const message = fitted({ ...frame(request, engine, context), cause: null, ...outcome, startedAt, durationMs });
  for (let delay = PUBLISH_RETRY_MS.first; ; delay = Math.min(2 * delay, PUBLISH_RETRY_MS.longest)) {
    try {
      return await publishResult(context.bus, engine.manifest.name, message);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ reason: error.message }, "the result is not stored yet; trying on");
    }
    await pause(delay, undefined, { signal });
  }
}

function frame(request: ScanRequest, engine: Engine, { agent }: ScanContext) {
  return { v: 1, scan: request.scan, agent, versions: engine.versions(), image: engine.image(), truncated: false } as const;
}

function unstarted(outcome: Outcome): Answer {
  return { outcome, startedAt: null, durationMs: null };
}
