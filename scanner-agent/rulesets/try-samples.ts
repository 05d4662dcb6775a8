import { setTimeout as pause } from "node:timers/promises";
import type { SampleTried, TriedSample } from "../../schema/rule-job.js";
import { Failed, NoRoom, reasonOf, TimedOut } from "../contract.js";
import type { RuleSession } from "../runners/builtin/rule-session.js";
import type { HeldSample, SampleCache } from "../samples/sample-cache.js";
import { SampleDamaged, SampleMissing } from "../samples/sample-reader.js";
import { untilThere } from "./until-there.js";

/** How long rules may take for one sample: as long as they may when they are served. */
const SAMPLE_MS = 60_000;
/** Scans come first: how often a try asks again for room that they take, and how long it waits in between. */
const ROOM_TRIES = 5;
const ROOM_MS = 1_000;
/** Between two samples it rests as long as the one before took, so that scans of the mesh come first. */
const LONGEST_REST_MS = 1_000;

/** Scans a piece of a try, one sample after the other. Throws Unavailable if this host cannot, or the signal's reason. */
export async function trySamples(
  session: RuleSession,
  cache: SampleCache,
  samples: readonly TriedSample[],
  signal: AbortSignal,
): Promise<SampleTried[]> {
  const tried: SampleTried[] = [];
  for (const sample of samples) {
    const begunAt = performance.now();
    tried.push(await tryOne(session, cache, sample, signal));
    await pause(Math.min(performance.now() - begunAt, LONGEST_REST_MS), undefined, { signal });
  }
  return tried;
}

async function tryOne(session: RuleSession, cache: SampleCache, sample: TriedSample, signal: AbortSignal): Promise<SampleTried> {
  const said = (outcome: SampleTried["outcome"], reason: string | null = null, rules: string[] = []): SampleTried => ({
    at: sample.at,
    outcome,
    rules,
    reason,
  });
  // That no process starts is this host's fault, and not the sample's.
  await session.ready();
  let here: HereSample;
  try {
    here = await holdWithRoom(cache, sample, signal);
  } catch (error) {
    if (error instanceof SampleMissing) return said("GONE", "its bytes are not stored any more");
    if (error instanceof SampleDamaged || error instanceof NoRoom) return said("FAILED", reasonOf(error));
    throw error;
  }
  try {
    const { sha256, md5, sha1, size } = sample;
    const { held, path } = here;
    const scanned = await session.scan({ sha256, md5, sha1, size, bytes: held.bytes, path }, SAMPLE_MS);
    if ("unscanned" in scanned) return said("UNSCANNED", scanned.unscanned);
    return said(scanned.rules.length > 0 ? "MATCH" : "NO_MATCH", null, scanned.rules);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TimedOut) return said("TIMEOUT", `the rules took longer than ${SAMPLE_MS / 1_000} s`);
    if (error instanceof Failed) return said("FAILED", reasonOf(error));
    throw error;
  } finally {
    await here.held.release();
  }
}

interface HereSample {
  readonly held: HeldSample;
  /** Of its file; null if all its bytes are in memory. */
  readonly path: string | null;
}

/** Throws NoRoom if there is none for a while, or what {@link SampleCache.hold} throws. */
async function holdWithRoom(cache: SampleCache, sample: TriedSample, signal: AbortSignal): Promise<HereSample> {
  for (let tries = 1; ; tries++) {
    try {
      return await untilThere(() => hold(cache, sample, signal), signal);
    } catch (error) {
      if (!(error instanceof NoRoom) || tries === ROOM_TRIES) throw error;
    }
    await pause(ROOM_MS, undefined, { signal });
  }
}

async function hold(cache: SampleCache, sample: TriedSample, signal: AbortSignal): Promise<HereSample> {
  const held = await cache.hold(sample, signal);
  try {
    return { held, path: held.bytes ? null : held.file() };
  } catch (error) {
    await held.release();
    throw error;
  }
}
