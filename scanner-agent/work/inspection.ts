import type { Logger } from "pino";
import type { ResultMessage } from "../../schema/messages.js";
import { reasonOf, TimedOut, type Outcome } from "../contract.js";
import type { Engine } from "../engine/engine.js";
import type { Inspection } from "../inspect/formats/inspection.js";
import type { Inspector } from "../inspect/inspector.js";
import { judge, judgeUninspected, needsInspection } from "../inspect/judge.js";
import type { HeldSample } from "../samples/sample-cache.js";
import { within } from "../within.js";

/** Longer than any inspection takes, even behind others. */
const WAIT_MS = 300_000;

/** An inspection that is under way, or why there is none. It never rejects. */
export type Underway = Promise<Inspection | { readonly reason: string }>;

/** What an answer says of the inspection. */
export type Judgement = { readonly outcome: Outcome } & Pick<ResultMessage, "inspector" | "closed">;

/** Begins to find out what is closed to an engine in a sample; undefined for an engine whose silence proves nothing. */
export function beginInspection(
  { manifest }: Engine,
  sha256: string,
  held: HeldSample | undefined,
  inspector: Inspector,
  log: Logger,
): Underway | undefined {
  const isAntivirus = manifest.type === "AV";
  // Most samples have nothing in them to look into: an engine that proves nothing need not say so.
  if (!isAntivirus && (!manifest.detects || held === undefined || held.signatures().length === 0)) return undefined;
  if (held === undefined) return Promise.resolve({ reason: "the engine is not given the sample's bytes" });
  return inspect(held, sha256, inspector).catch((error: unknown) => {
    log.warn({ err: error }, "The sample could not be inspected");
    return { reason: reasonOf(error) };
  });
}

/** Holds the sample while it is inspected, which may take longer than the engine's run. */
async function inspect(held: HeldSample, sha256: string, inspector: Inspector): Promise<Inspection> {
  const { bytes, file, release } = held.share();
  try {
    const path = bytes === undefined ? file() : null;
    return await inspector.inspect({ path, bytes, sha256, signatures: held.signatures() });
  } finally {
    await release();
  }
}

/** Judges an outcome by what is closed to the engine. A detection does not wait for that. Throws the signal's reason. */
export async function judgeByInspection(
  outcome: Outcome,
  { manifest }: Engine,
  underway: Underway | undefined,
  { version }: Inspector,
  signal: AbortSignal,
): Promise<Judgement> {
  if (underway === undefined || !needsInspection(outcome)) return { outcome };
  const found = await within(WAIT_MS, underway, signal).catch((error: unknown) => {
    if (error instanceof TimedOut) return { reason: error.message };
    throw error;
  });
  if ("reason" in found) return { outcome: judgeUninspected(outcome, found.reason) };
  const { closed, ...judged } = judge(outcome, found, manifest);
  return { ...judged, inspector: version, ...(closed.length === 0 ? {} : { closed }) };
}
