import { internetClass } from "../../schema/classes.js";
import { CANCELS_PER_MESSAGE } from "../../schema/control.js";
import type { ResultState } from "../../schema/states.js";
import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { transact, type Tx } from "../db/database.js";
import { lockScans, raiseResults, type ChangedScan, type IncomingResult } from "../db/results.js";
import { openResults, withdrawRequests, type OpenResult } from "../db/withdraw.js";
import { unknownScan } from "../errors.js";
import { announce } from "./announce.js";
import type { ScanContext } from "./context.js";
import { removeFromBus } from "./removals.js";

/** An open result to be closed without an answer from its engine. */
export interface ClosedResult extends OpenResult {
  readonly state: Extract<ResultState, "CANCELLED" | "TIMEOUT" | "NO_AGENT" | "FAILED">;
  readonly error: string;
}

/** What a transaction has withdrawn. {@link finishWithdrawals} completes it after the commit. */
export interface Withdrawal {
  readonly changed: readonly ChangedScan[];
  readonly scanIds: readonly number[];
  /** Subject tokens of the engines whose answers are no longer needed. */
  readonly engines: ReadonlySet<string>;
  readonly removals: readonly number[];
}

const NOTHING: Withdrawal = { changed: [], scanIds: [], engines: new Set(), removals: [] };

/** Cancels a scan, which makes it final at once; a final scan is unchanged. Throws NOT_FOUND. */
export async function cancelScan(ctx: ScanContext, caller: Caller, scanId: number): Promise<void> {
  const withdrawal = await transact(ctx.db, async (tx) => {
    await lockScan(tx, scanId);
    const open = await openResults(tx, [scanId]);
    if (open.length === 0) return undefined;
    await audit(tx, caller, "cancelScan", String(scanId));
    return withdraw(tx, open.map(cancelledResult));
  });
  if (!withdrawal) return;
  announce(ctx, withdrawal.changed);
  await finishWithdrawals(ctx, [withdrawal]);
}

/** Locks a scan. Throws NOT_FOUND. */
export async function lockScan(tx: Tx, scanId: number): Promise<void> {
  if ((await lockScans(tx, [scanId])).length === 0) throw unknownScan(scanId);
}

function cancelledResult(result: OpenResult): ClosedResult {
  return { ...result, state: "CANCELLED", error: "cancelled" };
}

/** Cancels the open results of scans with enough detections. */
export async function cancelRemaining(ctx: ScanContext, scanIds: readonly number[]): Promise<void> {
  const withdrawal = await transact(ctx.db, async (tx) => {
    const open = await openResults(tx, await lockScans(tx, scanIds));
    return withdraw(
      tx,
      open.map((result) => ({ ...result, state: "CANCELLED", error: "enough detections" })),
    );
  });
  announce(ctx, withdrawal.changed);
  await finishWithdrawals(ctx, [withdrawal]);
}

/** Closes results and removes their scans' requests from the outbox. The scans must be locked. */
export async function withdraw(tx: Tx, results: readonly ClosedResult[]): Promise<Withdrawal> {
  if (results.length === 0) return NOTHING;
  const scanIds = [...new Set(results.map(({ scanId }) => scanId))];
  const removals = await withdrawRequests(tx, scanIds);
  const { changed } = await raiseResults(tx, results.map(unansweredResult));
  return { changed, scanIds, removals, engines: new Set(results.map(({ engine }) => engine)) };
}

/** To be called after the commit: removes withdrawn requests from the bus, so that they are not redelivered, and tells the agents. */
export async function finishWithdrawals(ctx: ScanContext, withdrawals: readonly Withdrawal[]): Promise<void> {
  await removeFromBus(
    ctx,
    withdrawals.flatMap(({ removals }) => removals),
  );
  await ctx.relay.retract(withdrawals.flatMap(({ scanIds }) => scanIds));
  for (const withdrawal of withdrawals) tellAgents(ctx, withdrawal);
  ctx.bulk.releaseIfWaiting();
}

/** Best effort: an agent that misses the message answers late, which does no harm. */
function tellAgents(ctx: ScanContext, { scanIds, engines }: Withdrawal): void {
  for (const { agent, class: internet, engines: its } of ctx.fleet.agents()) {
    if (!its.some(({ name }) => engines.has(engineToken(name)))) continue;
    for (let i = 0; i < scanIds.length; i += CANCELS_PER_MESSAGE) {
      const scans = scanIds.slice(i, i + CANCELS_PER_MESSAGE);
      ctx.bus.account(internet).sendControl(agent, { v: 1, kind: "cancel", scans });
    }
  }
}

/** A closed result in the form in which results are recorded. */
export function unansweredResult({ scanId, engine, internet, state, error }: ClosedResult): IncomingResult {
  return {
    scanId,
    engine,
    internet: internetClass(internet),
    state,
    verdict: null,
    signature: null,
    error,
    cause: null,
    versions: { engine: null, signatures: null, signatureDate: null },
    image: null,
    agent: null,
    startedAt: null,
    durationMs: null,
    details: null,
    truncated: false,
  };
}
