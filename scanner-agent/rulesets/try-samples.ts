import { setTimeout as pause } from "node:timers/promises";
import type { SampleTried, TriedSample } from "../../schema/rule-job.js";
import { Failed, NoRoom, reasonOf, TimedOut } from "../contract.js";
import type { RuleSession } from "../runners/builtin/rule-session.js";
import type { HeldSample, SampleCache } from "../samples/sample-cache.js";
import { SampleDamaged } from "../samples/sample-reader.js";
import { untilThere } from "./until-there.js";

/** How long rules may take for one sample. */
const SAMPLE_MS = 10_000;
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
  let held: HeldSample;
  try {
    held = await untilThere(() => cache.hold(sample, signal), signal);
  } catch (error) {
    if (error instanceof SampleDamaged) return said("GONE", "its bytes are not stored any more");
    if (error instanceof NoRoom) return said("FAILED", reasonOf(error));
    throw error;
  }
  try {
    await session.ready();
    const { sha256, md5, sha1, size } = sample;
    const { bytes } = held;
    const scanned = await session.scan({ sha256, md5, sha1, size, bytes, path: bytes ? null : held.file() }, SAMPLE_MS);
    if ("unscanned" in scanned) return said("UNSCANNED", scanned.unscanned);
    return said(scanned.rules.length > 0 ? "MATCH" : "NO_MATCH", null, scanned.rules);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TimedOut) return said("TIMEOUT", `the rules took longer than ${SAMPLE_MS / 1_000} s`);
    // What the process did not survive is the sample's and the rules' own; that no process starts is this host's.
    if (error instanceof Failed) return said("FAILED", reasonOf(error));
    throw error;
  } finally {
    await held.release();
  }
}
