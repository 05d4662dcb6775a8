import { createHash } from "node:crypto";
import type { Caller } from "../caller.js";
import type { Database } from "../db/database.js";
import { readClaims, type Claim, type OwnedKey } from "../db/idempotency.js";
import { GatewayError } from "../errors.js";
import type { SomeOptions } from "./scan-input.js";

/** The parts of a request that decide whether two requests with one key are the same. */
export interface Input {
  readonly kind: "scan" | "batch" | "createBatch" | "rescan" | "retryResult";
  readonly options: SomeOptions;
  readonly samples: readonly { readonly sha256: string; readonly name: string }[];
  /** The scan that is to be repeated, in place of samples. */
  readonly previous?: number;
  /** The batch that scans are added to. */
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

/** A hash of what the request means: the order of names and labels and the way the sample was sent do not matter. */
export function hashInput({ kind, options, samples, previous, grows }: Input): string {
  const { speed, internet, engines, excludeEngines, labels, priority, freshnessMs, deadlineMs, stopAfter } = options;
  const names = (list: readonly string[] | undefined) => list && [...new Set(list.map((name) => name.toLowerCase()))].toSorted();
  // For a first scan an empty list means the same as none; for a repeated one it replaces the list of the former scan.
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

/** What the key stands for, if an earlier request has used it. */
export async function findClaim(db: Database, key: OwnedKey): Promise<Claim | undefined> {
  const [claim] = await readClaims(db, [key]);
  return claim;
}

/** Throws IDEMPOTENCY_CONFLICT if the key stands for another input. */
export function assertSameInput(claim: Claim, inputHash: string): void {
  if (claim.inputHash !== inputHash) throw conflict();
}

function conflict(): GatewayError {
  return new GatewayError("IDEMPOTENCY_CONFLICT", "this idempotency key was used for another input", {
    field: ["idempotencyKey"],
  });
}

/** The answer to a request whose key stands for this: what was created for it before, or a conflict. */
export function replayOf({ inputHash, scanId, batchId }: Claim, wanted: string): CreatedIds | GatewayError {
  return inputHash === wanted ? { scanId, batchId } : conflict();
}

export function keyText({ owner, key }: OwnedKey): string {
  return `${owner} ${key}`;
}
