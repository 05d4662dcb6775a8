import { internetClass } from "../../schema/classes.js";
import { CANCELS_PER_MESSAGE } from "../../schema/messages.js";
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

/** A result that ends without its engine's answer, and how. */
export interface Closing extends OpenResult {
  readonly state: Extract<ResultState, "CANCELLED" | "TIMEOUT" | "NO_AGENT">;
  readonly error: string;
}

/** What a transaction has withdrawn; to be settled after its commit. */
export interface Withdrawn {
  readonly changed: readonly ChangedScan[];
  readonly scanIds: readonly number[];
  /** Subject tokens of the engines whose answers are not waited for any more. */
  readonly engines: ReadonlySet<string>;
  readonly removals: readonly number[];
}

const NOTHING: Withdrawn = { changed: [], scanIds: [], engines: new Set(), removals: [] };

/** Cancels a scan: it is final at once. One that is final already stays as it is. Throws NOT_FOUND. */
export async function cancelScan(ctx: ScanContext, caller: Caller, scanId: number): Promise<void> {
  const withdrawn = await transact(ctx.db, async (tx) => {
    await lockScan(tx, scanId);
    const open = await openResults(tx, [scanId]);
    if (open.length === 0) return undefined;
    await audit(tx, caller, "cancelScan", String(scanId));
    return withdraw(tx, open.map(cancelled));
  });
  if (!withdrawn) return;
  announce(ctx, withdrawn.changed);
  await settleWithdrawn(ctx, [withdrawn]);
}

/** Locks a scan. Throws NOT_FOUND. */
export async function lockScan(tx: Tx, scanId: number): Promise<void> {
  if ((await lockScans(tx, [scanId])).length === 0) throw unknownScan(scanId);
}

function cancelled(result: OpenResult): Closing {
  return { ...result, state: "CANCELLED", error: "cancelled" };
}

/** Withdraws what is open of scans that have found enough. */
export async function withdrawEnough(ctx: ScanContext, scanIds: readonly number[]): Promise<void> {
  const withdrawn = await transact(ctx.db, async (tx) => {
    const open = await openResults(tx, await lockScans(tx, scanIds));
    return withdraw(
      tx,
      open.map((result) => ({ ...result, state: "CANCELLED", error: "enough detections" })),
    );
  });
  announce(ctx, withdrawn.changed);
  await settleWithdrawn(ctx, [withdrawn]);
}

/** Closes all that is open of some scans, and takes their requests out of the outbox. The scans must be locked. */
export async function withdraw(tx: Tx, closings: readonly Closing[]): Promise<Withdrawn> {
  if (closings.length === 0) return NOTHING;
  const scanIds = [...new Set(closings.map(({ scanId }) => scanId))];
  const removals = await withdrawRequests(tx, scanIds);
  const { changed } = await raiseResults(tx, closings.map(unanswered));
  return { changed, scanIds, removals, engines: new Set(closings.map(({ engine }) => engine)) };
}

/** After the commit: nobody takes it any more, what is in flight is not redelivered, and the agents hear of it. */
export async function settleWithdrawn(ctx: ScanContext, withdrawn: readonly Withdrawn[]): Promise<void> {
  await removeFromBus(
    ctx,
    withdrawn.flatMap(({ removals }) => removals),
  );
  for (const one of withdrawn) tellAgents(ctx, one);
  ctx.bulk.madeRoom();
}

/** Best effort: an agent that does not hear it answers late, which does no harm. */
function tellAgents(ctx: ScanContext, { scanIds, engines }: Withdrawn): void {
  for (const { agent, class: internet, engines: its } of ctx.fleet.agents()) {
    if (!its.some(({ name }) => engines.has(engineToken(name)))) continue;
    for (let i = 0; i < scanIds.length; i += CANCELS_PER_MESSAGE) {
      const scans = scanIds.slice(i, i + CANCELS_PER_MESSAGE);
      ctx.bus.account(internet).tell(agent, { v: 1, kind: "cancel", scans });
    }
  }
}

/** A result of which no engine says anything. */
export function unanswered({ scanId, engine, internet, state, error }: Closing): IncomingResult {
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
