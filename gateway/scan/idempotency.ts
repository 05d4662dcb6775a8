import { createHash } from "node:crypto";
import type { Caller } from "../caller.js";
import type { Database } from "../db/database.js";
import { readClaims, type Claim, type OwnedKey } from "../db/idempotency.js";
import { GatewayError } from "../errors.js";
import type { SomeOptions } from "./scan-input.js";

/** The parts of a request that must match for it to count as a retry. */
export interface Input {
  readonly kind: "scan" | "batch" | "createBatch" | "rescan" | "retryResult";
  readonly options: SomeOptions;
  readonly samples: readonly { readonly sha256: string; readonly name: string }[];
  /** The scan to repeat, in place of samples. */
  readonly previous?: number;
  /** The existing batch to add scans to. */
  readonly grows?: number | undefined;
}

/** The scan or the batch that a request has created. */
export interface CreatedIds {
  readonly scanId: number | null;
  readonly batchId: number | null;
}

/** An idempotency key belongs to the API key of its caller. */
export function ownedKey(caller: Caller, key: string): OwnedKey {
  return { owner: caller.key?.id ?? "", key };
}

/** A hash of the meaning of a request: the order of names and labels, and how the sample was sent, do not matter. */
export function hashInput({ kind, options, samples, previous, grows }: Input): string {
  const { speed, internet, engines, excludeEngines, labels, priority, freshnessMs, deadlineMs, stopAfter } = options;
  const names = (list: readonly string[] | undefined) => list && [...new Set(list.map((name) => name.toLowerCase()))].toSorted();
  // In a first scan an empty list means the same as no list; in a repeated one it replaces the previous scan's list.
  const meaning = <T>(list: readonly T[] | undefined) => (list?.length === 0 && previous === undefined ? undefined : list);
  const byKey = labels?.map(({ key, value }) => [key, value]).toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  const meant = {
    kind,
    samples: samples.map(({ sha256, name }) => [sha256, name]),
    speed,
    internet,
    engines: names(engines),
    excludeEngines: meaning(names(excludeEngines)),
    labels: meaning(byKey),
    priority: priority === "NORMAL" ? undefined : priority,
    freshnessMs,
    deadlineMs,
    stopAfter,
    previous,
    grows,
  };
  return createHash("sha256").update(JSON.stringify(meant)).digest("hex");
}

/** The claim of an earlier request with this key. */
export async function findClaim(db: Database, key: OwnedKey): Promise<Claim | undefined> {
  const [claim] = await readClaims(db, [key]);
  return claim;
}

/** Throws IDEMPOTENCY_CONFLICT if the key was used with another input. */
export function assertSameInput(claim: Claim, inputHash: string): void {
  if (claim.inputHash !== inputHash) throw conflict();
}

function conflict(): GatewayError {
  return new GatewayError("IDEMPOTENCY_CONFLICT", "this idempotency key was used for another input", {
    field: ["idempotencyKey"],
  });
}

/** The answer to a request whose key is claimed: what the earlier request created, or a conflict. */
export function replayOf({ inputHash, scanId, batchId }: Claim, wanted: string): CreatedIds | GatewayError {
  return inputHash === wanted ? { scanId, batchId } : conflict();
}

export function keyText({ owner, key }: OwnedKey): string {
  return `${owner} ${key}`;
}
