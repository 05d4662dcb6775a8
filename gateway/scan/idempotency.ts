import { createHash } from "node:crypto";
import type { Caller } from "../caller.js";
import type { Database, Tx } from "../db/database.js";
import { claimKeys, readClaims, type Claim, type KeyOf } from "../db/idempotency.js";
import { GatewayError } from "../errors.js";
import type { SomeOptions } from "./scan-input.js";

/** What was asked for, as far as it decides whether two requests are the same. */
export interface Input {
  readonly kind: "scan" | "batch" | "rescan" | "retryResult";
  readonly options: SomeOptions;
  readonly samples: readonly { readonly sha256: string; readonly name: string }[];
  /** The scan that is to be repeated, in place of samples. */
  readonly previous?: number;
}

/** What an earlier request with the key made: a scan or a batch. */
export interface Made {
  readonly scanId: number | null;
  readonly batchId: number | null;
}

/** A request with a key, and what it is to make if the key is free; undefined if it would be refused. */
export interface Keyed<T> extends KeyOf {
  readonly request: T;
  readonly inputHash: string;
  readonly proposed: Made | undefined;
}

export function keyOf(caller: Caller, key: string): KeyOf {
  return { owner: caller.key?.id ?? "", key };
}

/** A hash of what the request means: the order of names and labels and the way the sample was sent do not matter. */
export function hashOf({ kind, options, samples, previous }: Input): string {
  const { speed, internet, engines, excludeEngines, labels, priority, freshnessMs, deadlineMs, stopAfter } = options;
  const names = (list: readonly string[] | undefined) => list && [...new Set(list.map((name) => name.toLowerCase()))].toSorted();
  // To a first scan an empty list says what no list says; to a repeated one it takes the place of what the former had.
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
  };
  return createHash("sha256").update(JSON.stringify(meant)).digest("hex");
}

/** What an earlier request with this key has made, if there was one. */
export async function madeBefore(db: Database, key: KeyOf): Promise<Claim | undefined> {
  const [claim] = await readClaims(db, [key]);
  return claim;
}

/** Throws IDEMPOTENCY_CONFLICT if the key stands for another input. */
export function sameInput(claim: Claim, inputHash: string): Made {
  if (claim.inputHash !== inputHash) throw conflict();
  return claim;
}

function conflict(): GatewayError {
  return new GatewayError("IDEMPOTENCY_CONFLICT", "this idempotency key was used for another input", {
    field: ["idempotencyKey"],
  });
}

/**
 * Takes the keys of these requests, in the transaction that carries them out; the answers of those that are not to be: what an
 * earlier request with the key has made, or a conflict. Of several with one key the first is carried out.
 */
export async function settleKeys<T>(tx: Tx, keyed: readonly Keyed<T>[]): Promise<Map<T, Made | GatewayError>> {
  const answers = new Map<T, Made | GatewayError>();
  if (keyed.length === 0) return answers;
  const first = new Map<string, Keyed<T>>();
  for (const one of keyed) if (one.proposed && !first.has(nameOf(one))) first.set(nameOf(one), one);
  const refused = keyed.filter((one) => !first.has(nameOf(one)));
  const claims = [...(await claimKeys(tx, [...first.values()].map(claimOf))), ...(await readClaims(tx, refused))];
  const standsFor = new Map(claims.map((claim) => [nameOf(claim), claim]));
  for (const one of keyed) {
    const claim = standsFor.get(nameOf(one));
    if (!claim) continue;
    if (claim.inputHash !== one.inputHash) answers.set(one.request, conflict());
    else if (first.get(nameOf(one)) !== one || !isSame(claim, one.proposed))
      answers.set(one.request, { scanId: claim.scanId, batchId: claim.batchId });
  }
  return answers;
}

function nameOf({ owner, key }: KeyOf): string {
  return `${owner} ${key}`;
}

function claimOf({ owner, key, inputHash, proposed }: Keyed<unknown>): Claim {
  return { owner, key, inputHash, scanId: proposed?.scanId ?? null, batchId: proposed?.batchId ?? null };
}

function isSame(made: Made, proposed: Made | undefined): boolean {
  return made.scanId === proposed?.scanId && made.batchId === proposed.batchId;
}
