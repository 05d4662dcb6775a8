import { createHash } from "node:crypto";
import type { BriefReport } from "../../schema/reports.js";
import { OPTION_LIMITS, type Priority } from "../../schema/scan-options.js";
import type { Caller } from "../caller.js";
import { listScans, type ScanCriteria } from "../db/scan-list.js";
import { readBriefResults, readScansById } from "../db/scans.js";
import { DatabaseAway, GatewayError, unknownScan } from "../errors.js";
import { openWindow } from "../batches/flow.js";
import { acceptPartly, LOOKUPS, type Placed, type Refusal } from "./accept-partly.js";
import type { ScanContext } from "./context.js";
import { assertSameInput, findClaim, ownedKey } from "./idempotency.js";
import { readList } from "./read-list.js";
import { optionsOf } from "./rescan.js";
import { checkOptions } from "./scan-input.js";
import { findStoredSample } from "./store-sample.js";

/** Which scans to repeat: given ids, or the newest that match a filter. */
export type ScanChoice =
  | { readonly kind: "ids"; readonly ids: readonly number[] }
  | { readonly kind: "filter"; readonly criteria: ScanCriteria };

export interface RescanScansOptions {
  readonly priority: Priority;
  readonly idempotencyKey?: string | undefined;
}

/** The outcome of repeating scans. */
export interface RepeatedScans {
  /** Null if no scan was accepted. */
  readonly batchId: number | null;
  readonly replayed: boolean;
  readonly refused: readonly { readonly scanId: number; readonly error: GatewayError }[];
  /** Whether the filter matches more scans than one call can repeat. */
  readonly more: boolean;
}

/**
 * Scans the samples of scans again as one batch, each with the options of its scan. Scans that cannot be repeated are reported, and the
 * others go on; the audit records the batch and each new scan. Throws BAD_INPUT, IDEMPOTENCY_CONFLICT, RATE_LIMITED, QUERY_TIMEOUT or
 * UNAVAILABLE for the call as a whole.
 */
export async function rescanScans(
  ctx: ScanContext,
  caller: Caller,
  choice: ScanChoice,
  options: RescanScansOptions,
  signal: AbortSignal,
): Promise<RepeatedScans> {
  checkOptions(options);
  const { priority, idempotencyKey } = options;
  const inputHash = createHash("sha256")
    .update(JSON.stringify({ kind: "rescanScans", choice, priority }))
    .digest("hex");
  const claim = idempotencyKey === undefined ? undefined : await findClaim(ctx.db, ownedKey(caller, idempotencyKey));
  if (claim) {
    assertSameInput(claim, inputHash);
    return { batchId: claim.batchId, replayed: true, refused: [], more: false };
  }
  const found = await findScans(ctx, choice, signal);
  const ids = found.slice(0, OPTION_LIMITS.batch);
  const { samples, refused } = await readOriginals(ctx, ids, priority);
  const shared = { speed: "ALL", internet: false, priority, idempotencyKey } as const;
  const request = { caller, options: shared, repeats: { inputHash }, action: "rescanScans" };
  const accepted = await acceptPartly(ctx, request, { samples, refused });
  return {
    batchId: accepted.acceptance?.batchId ?? null,
    replayed: accepted.acceptance?.replayed ?? false,
    refused: accepted.refused.flatMap(({ index, error }) => ({ scanId: ids[index] ?? 0, error })),
    more: found.length > ids.length,
  };
}

/** The ids of the scans; one more than can be repeated, if the filter matches more. */
async function findScans(ctx: ScanContext, choice: ScanChoice, signal: AbortSignal): Promise<readonly number[]> {
  const most = OPTION_LIMITS.batch;
  if (choice.kind === "filter") {
    const page = { newestFirst: true, limit: most + 1 };
    return (await readList(ctx, signal, (db) => listScans(db, choice.criteria, page))).map(({ scanId }) => scanId);
  }
  const ids = [...new Set(choice.ids)];
  if (ids.length < 1 || ids.length > most)
    throw new GatewayError("BAD_INPUT", `one call repeats 1 to ${most} scans, not ${ids.length}`, { field: ["ids"] });
  return ids;
}

async function readOriginals(
  ctx: ScanContext,
  ids: readonly number[],
  priority: Priority,
): Promise<{ samples: Placed[]; refused: Refusal[] }> {
  const scans = new Map((await readScansById(ctx.db, ids)).map((scan) => [scan.scanId, scan]));
  const results = await readBriefResults(ctx.db, [...scans.keys()]);
  const refused: Refusal[] = [];
  const window = openWindow<Placed | undefined>(LOOKUPS);
  for (const [index, id] of ids.entries()) {
    const scan = scans.get(id);
    const before = scan && { ...scan, results: results.get(id) ?? [] };
    await window.add(async () => {
      try {
        return { index, ...(await repetitionOf(ctx, id, before, priority)) };
      } catch (error) {
        if (!(error instanceof GatewayError) || error instanceof DatabaseAway) throw error;
        refused.push({ index, error });
        return undefined;
      }
    });
  }
  const samples = (await window.all()).filter((one) => one !== undefined);
  return { samples, refused: refused.toSorted((a, b) => a.index - b.index) };
}

async function repetitionOf(ctx: ScanContext, id: number, before: BriefReport | undefined, priority: Priority) {
  if (!before) throw unknownScan(id);
  const sample = await findStoredSample(ctx, before.sample.sha256);
  const options = { ...optionsOf(before, {}), priority };
  return { sample: { kind: "stored", sample }, name: before.name, options, previous: id } as const;
}
