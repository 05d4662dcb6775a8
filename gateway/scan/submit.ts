import type { Speed } from "../../schema/classes.js";
import type { EngineRecord, SampleRecord } from "../../schema/reports.js";
import { batched } from "../batch.js";
import type { Caller } from "../caller.js";
import { insertScans, type NewScan } from "../db/accept.js";
import { transact, type Tx } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { DatabaseAway, GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { discard, findStoredSample, keepSample, nameKept, type Named, type SampleToName } from "./keep.js";
import { planScan, type Plan } from "./plan.js";
import { readyUpload } from "./uploads.js";

/** What a caller asks for. */
export interface ScanWish {
  /** The file's name, for display; 1,024 characters at most. NUL and control characters are replaced. */
  readonly name: string;
  /** The slowest class allowed, inclusive. */
  readonly speed: Speed;
  readonly internet: boolean;
  /** Names of the engines to ask, without regard to case; undefined: all. */
  readonly engines?: readonly string[] | undefined;
  /** Time until the scan is final at the latest, 10 s to 24 h; undefined: the setting. */
  readonly deadlineMs?: number | undefined;
}

/** Where the sample comes from: bytes as they arrive, the hash of a stored sample, or a finished upload. */
export type SampleSource =
  | { readonly kind: "stream"; readonly bytes: AsyncIterable<Uint8Array>; readonly limit?: number; readonly signal?: AbortSignal }
  | { readonly kind: "hash"; readonly hash: string }
  | { readonly kind: "upload"; readonly id: string };

/** An accepted scan: whatever happens from now on, it will be final by its deadline. */
export interface Accepted {
  readonly scanId: number;
  readonly sample: SampleRecord;
}

const NAME_LENGTH = 1_024;
const DEADLINE_MS = { min: 10_000, max: 86_400_000 };
const RETRY_AFTER_S = 10;

/**
 * Accepts a scan. A wish given as a function is asked after the bytes have arrived (a form's fields may follow its file).
 * Throws BAD_INPUT, NOT_FOUND, SAMPLE_NOT_STORED, TOO_LARGE, UPLOAD_TIMEOUT, UNAVAILABLE or STORAGE_FULL; nothing is kept then.
 */
export async function submitScan(
  ctx: ScanContext,
  caller: Caller,
  source: SampleSource,
  wish: ScanWish | (() => ScanWish),
): Promise<Accepted> {
  const early = typeof wish === "function" ? undefined : checked(wish);
  const sample = await toName(ctx, source);
  try {
    const accept = accepting(ctx);
    return await accept({ caller, sample, wish: early ?? checked((wish as () => ScanWish)()) });
  } catch (error) {
    // Only a refusal is sure not to have committed; after any other failure the sweep decides whose the bytes are.
    if (error instanceof GatewayError && !(error instanceof DatabaseAway)) await discard(ctx, sample);
    throw error;
  }
}

async function toName(ctx: ScanContext, source: SampleSource): Promise<SampleToName> {
  switch (source.kind) {
    case "stream":
      return keepSample(ctx, source.bytes, source);
    case "hash":
      return { known: await findStoredSample(ctx, source.hash) };
    case "upload":
      return { known: await readyUpload(ctx, source.id) };
  }
}

function checked(wish: ScanWish): ScanWish {
  const { name, deadlineMs } = wish;
  if (name.length > NAME_LENGTH)
    throw new GatewayError("BAD_INPUT", `the name has ${name.length} characters; ${NAME_LENGTH} is the most`);
  if (deadlineMs !== undefined && !(deadlineMs >= DEADLINE_MS.min && deadlineMs <= DEADLINE_MS.max)) {
    throw new GatewayError("BAD_INPUT", "the deadline must be from 10 seconds to 24 hours");
  }
  return { ...wish, name: printable(name) };
}

/** The name as valid Unicode, without what a terminal or a log would act upon. */
function printable(name: string): string {
  return Buffer.from(name)
    .toString()
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}

interface Submission {
  readonly caller: Caller;
  readonly sample: SampleToName;
  readonly wish: ScanWish;
}

const acceptors = new WeakMap<ScanContext, (submission: Submission) => Promise<Accepted>>();

/** One acceptor a gateway: submissions that arrive together share a transaction, and each is refused on its own. */
function accepting(ctx: ScanContext): (submission: Submission) => Promise<Accepted> {
  const existing = acceptors.get(ctx);
  if (existing) return existing;
  const acceptBatch = batched<Submission, Accepted | GatewayError>((batch) => acceptAll(ctx, batch), { size: 100, parallel: 2 });
  const accept = async (submission: Submission) => {
    const answer = await acceptBatch(submission);
    if (answer instanceof GatewayError) throw answer;
    return answer;
  };
  acceptors.set(ctx, accept);
  return accept;
}

async function acceptAll(ctx: ScanContext, batch: readonly Submission[]): Promise<(Accepted | GatewayError)[]> {
  const { answers, outboxIds, spare } = await transact(
    ctx.db,
    () => ctx.metrics.deadlocks.inc(),
    (tx) => acceptIn(ctx, tx, batch),
  );
  ctx.failpoint("outbox.after_commit");
  for (const outboxId of outboxIds) ctx.relay.publishSoon(outboxId);
  for (const sample of spare) void discard(ctx, sample);
  for (const answer of answers) {
    if (answer instanceof GatewayError) ctx.metrics.scansRefused.inc();
    else ctx.metrics.scansAccepted.inc();
  }
  return answers;
}

async function acceptIn(ctx: ScanContext, tx: Tx, batch: readonly Submission[]) {
  const catalogue = await readEngines(tx);
  const planned = batch.map((submission) => ({ submission, plan: planOrRefusal(catalogue, submission) }));
  const willing = planned.flatMap(({ submission, plan }) => (plan instanceof GatewayError ? [] : [{ submission, plan }]));
  const named = await nameKept(
    tx,
    willing.map(({ submission }) => submission.sample),
  );
  const scans = willing.map(({ submission, plan }) => newScan(ctx, submission, plan, nameOf(named, submission).record.sampleId));
  const { scanIds, requests } = await insertScans(tx, scans);
  const accepted = new Map(willing.map(({ submission }, i) => [submission, scanIds[i] as number]));
  return {
    answers: planned.map(({ submission, plan }): Accepted | GatewayError =>
      plan instanceof GatewayError
        ? plan
        : { scanId: accepted.get(submission) as number, sample: nameOf(named, submission).record },
    ),
    outboxIds: requests.map(({ outboxId }) => outboxId),
    spare: [...named].flatMap(([sample, { spare }]) => (spare ? [sample] : [])),
  };
}

function planOrRefusal(catalogue: readonly EngineRecord[], { sample, wish }: Submission): Plan | GatewayError {
  const known = new Set(catalogue.map(({ name }) => name.toLowerCase()));
  const unknown = (wish.engines ?? []).filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length > 0 && catalogue.length > 0)
    return new GatewayError("BAD_INPUT", `no engine is called ${unknown.join(", ")}`);
  const engines = wish.engines?.map((name) => name.toLowerCase());
  const plan = planScan(catalogue, { ...wish, engines, mime: (sample.known ?? sample.kept).mime });
  if (!plan.refused) return plan;
  return new GatewayError("UNAVAILABLE", "no agent is there that could scan this", { retryAfter: RETRY_AFTER_S });
}

function newScan(ctx: ScanContext, { wish }: Submission, { expected, skipped }: Plan, sampleId: number): NewScan {
  const { name, speed, internet, deadlineMs } = wish;
  return { sampleId, name, speed, internet, deadlineMs: deadlineMs ?? ctx.config.SCANMESH_DEADLINE, expected, skipped };
}

function nameOf(named: Map<SampleToName, Named>, { sample }: Submission): Named {
  const name = named.get(sample);
  if (!name) throw new Error("a sample was not named");
  return name;
}
