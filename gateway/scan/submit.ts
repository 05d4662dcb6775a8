import type { SampleRecord } from "../../schema/reports.js";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import type { Caller } from "../caller.js";
import { readScanRecord } from "../db/scans.js";
import { findUpload } from "../db/uploads.js";
import { BatchRefused, DatabaseAway, GatewayError } from "../errors.js";
import { openWindow } from "../batches/flow.js";
import { accept } from "./accept.js";
import { acceptPartly, LOOKUPS, type Placed, type Refusal } from "./accept-partly.js";
import { checkRoom } from "./batches.js";
import type { ScanContext } from "./context.js";
import type { KnownSample, StoredOrNew } from "./accept-request.js";
import { assertSameInput, findClaim, hashInput, ownedKey, type CreatedIds, type Input } from "./idempotency.js";
import { discard, findStoredSample, storeSample } from "./store-sample.js";
import { findUploadedSample } from "./uploads.js";
import { cleanName, checkOptions, type ScanOptions, type ScanInput } from "./scan-input.js";

export type { ScanOptions, ScanInput } from "./scan-input.js";

/** A sample that the mesh has, given by its hash or by a finished upload. */
export type StoredSource = { readonly kind: "hash"; readonly hash: string } | { readonly kind: "upload"; readonly id: string };

/** The source of a sample: bytes as they arrive, the hash of a stored sample, or a finished upload. */
export type SampleSource =
  | { readonly kind: "stream"; readonly bytes: AsyncIterable<Uint8Array>; readonly limit?: number; readonly signal?: AbortSignal }
  | StoredSource;

/** An accepted scan. It is guaranteed to be final by its deadline. */
export interface AcceptedScan {
  readonly scanId: number;
  readonly sample: SampleRecord;
  /** Whether an earlier request with the same idempotency key created it. */
  readonly replayed: boolean;
}

/**
 * Accepts a scan. If the input is a function, it is called after the bytes have arrived, since the fields of a form may follow its file. If
 * it throws BAD_INPUT, NOT_FOUND, SAMPLE_NOT_STORED, TOO_LARGE, UPLOAD_TIMEOUT, UPLOAD_EXPIRED, IDEMPOTENCY_CONFLICT, RATE_LIMITED,
 * UNAVAILABLE or STORAGE_FULL, nothing stays in the store.
 */
export async function submitScan(
  ctx: ScanContext,
  caller: Caller,
  source: SampleSource,
  input: ScanInput | (() => ScanInput | Promise<ScanInput>),
): Promise<AcceptedScan> {
  const early = typeof input === "function" ? undefined : checkInput(input);
  const before = early && source.kind !== "stream" ? await findEarlierScan(ctx, caller, source, early) : undefined;
  if (before) return before;
  const sample = await storeOrFind(ctx, source);
  ctx.failpoint("submit.after_keep");
  try {
    const { name, ...options } = early ?? checkInput(typeof input === "function" ? await input() : input);
    const { scanId, samples } = await accept(ctx, { caller, kind: "scan", options, samples: [{ sample, name }] });
    const [record] = samples;
    if (record) return { scanId: idOf(scanId), sample: record, replayed: false };
    await discard(ctx, sample);
    return await readReplayed(ctx, idOf(scanId));
  } catch (error) {
    // A refusal means that nothing was committed. After any other failure that is unknown; the sweep removes the bytes if no row refers to
    // them.
    if (error instanceof GatewayError && !(error instanceof DatabaseAway)) await discard(ctx, sample);
    throw error;
  }
}

/** One of the samples of a batch. */
export interface BatchSample {
  readonly source: StoredSource;
  readonly name: string;
}

/** An accepted batch. */
export interface AcceptedBatch {
  readonly batchId: number;
  /** Samples that were not added to an existing batch. */
  readonly refused: readonly Refusal[];
  /** Whether an earlier request with the same idempotency key created it. */
  readonly replayed: boolean;
}

/**
 * Accepts a scan of each sample, all or none. Given an existing batch, it adds the samples that can be scanned and reports the others.
 * Throws the errors of {@link submitScan} for the request as a whole, and BatchRefused with every sample that cannot be scanned.
 */
export async function submitScans(
  ctx: ScanContext,
  caller: Caller,
  samples: readonly BatchSample[],
  options: ScanOptions,
  grows?: number,
): Promise<AcceptedBatch> {
  if (samples.length < 1 || samples.length > OPTION_LIMITS.batch) {
    const message = `a batch has 1 to ${OPTION_LIMITS.batch} samples, not ${samples.length}`;
    throw new GatewayError("BAD_INPUT", message, { field: ["samples"] });
  }
  checkOptions(options);
  if (grows !== undefined) return addScans(ctx, caller, samples, options, grows);
  const batch = samples.map(({ source, name }, i) => ({ source, name: cleanName(name, ["samples", String(i), "name"]) }));
  const before = await findEarlier(ctx, caller, { kind: "batch", options }, batch);
  if (before) return { batchId: idOf(before.batchId), replayed: true, refused: [] };
  const found = await findAll(ctx, batch);
  if (found.refused.length > 0) throw new BatchRefused(found.refused, samples.length);
  const { batchId, replayed } = await accept(ctx, { caller, kind: "batch", options, samples: found.samples });
  return { batchId: idOf(batchId), replayed, refused: [] };
}

async function addScans(
  ctx: ScanContext,
  caller: Caller,
  samples: readonly BatchSample[],
  options: ScanOptions,
  grows: number,
): Promise<AcceptedBatch> {
  const input = { kind: "batch", options, grows } as const;
  if (await findEarlier(ctx, caller, input, samples)) return { batchId: grows, replayed: true, refused: [] };
  await checkRoom(ctx, grows, samples.length);
  const contents = options.idempotencyKey === undefined ? [] : await contentsOf(ctx, samples);
  const request = { caller, options, grows, repeats: { inputHash: hashInput({ ...input, samples: contents }) } };
  const { acceptance, refused } = await acceptPartly(ctx, request, await findAll(ctx, samples));
  return { batchId: grows, replayed: acceptance?.replayed ?? false, refused };
}

async function findAll(
  ctx: ScanContext,
  samples: readonly BatchSample[],
): Promise<{ samples: Placed[]; refused: readonly Refusal[] }> {
  const refused: Refusal[] = [];
  const window = openWindow<Placed | undefined>(LOOKUPS);
  for (const [index, { source, name }] of samples.entries()) {
    await window.add(async () => {
      try {
        return { index, name: cleanName(name), sample: await findSource(ctx, source) };
      } catch (error) {
        if (!(error instanceof GatewayError) || error instanceof DatabaseAway) throw error;
        refused.push({ index, error });
        return undefined;
      }
    });
  }
  const found = (await window.all()).filter((one) => one !== undefined);
  return { samples: found, refused: refused.toSorted((a, b) => a.index - b.index) };
}

function storeOrFind(ctx: ScanContext, source: SampleSource): Promise<StoredOrNew> {
  return source.kind === "stream" ? storeSample(ctx, source.bytes, source) : findSource(ctx, source);
}

async function findSource(ctx: ScanContext, source: StoredSource): Promise<KnownSample> {
  const field = source.kind === "hash" ? "sha256" : "uploadId";
  try {
    const sample = await (source.kind === "hash" ? findStoredSample(ctx, source.hash) : findUploadedSample(ctx, source.id));
    return { kind: "stored", sample };
  } catch (error) {
    throw error instanceof GatewayError && error.code !== "UNAVAILABLE" ? error.about(field) : error;
  }
}

async function findEarlierScan(
  ctx: ScanContext,
  caller: Caller,
  source: StoredSource,
  { name, ...options }: ScanInput,
): Promise<AcceptedScan | undefined> {
  const ids = await findEarlier(ctx, caller, { kind: "scan", options }, [{ source, name }]);
  return ids && readReplayed(ctx, idOf(ids.scanId));
}

async function readReplayed(ctx: ScanContext, scanId: number): Promise<AcceptedScan> {
  const scan = await readScanRecord(ctx.db, scanId);
  if (!scan) throw new GatewayError("NOT_FOUND", "the scan that this idempotency key stands for is being deleted");
  return { scanId, sample: scan.sample, replayed: true };
}

/**
 * What an earlier request with the key created from stored samples. This is checked before looking up the samples, because samples or
 * uploads of the first request may be gone by now. Throws IDEMPOTENCY_CONFLICT.
 */
async function findEarlier(
  ctx: ScanContext,
  caller: Caller,
  input: Omit<Input, "samples">,
  samples: readonly BatchSample[],
): Promise<CreatedIds | undefined> {
  const { idempotencyKey } = input.options;
  const claim = idempotencyKey === undefined ? undefined : await findClaim(ctx.db, ownedKey(caller, idempotencyKey));
  if (!claim) return undefined;
  assertSameInput(claim, hashInput({ ...input, samples: await contentsOf(ctx, samples) }));
  return claim;
}

async function contentsOf(ctx: ScanContext, samples: readonly BatchSample[]): Promise<{ sha256: string; name: string }[]> {
  const contents: { sha256: string; name: string }[] = [];
  for (const { source, name } of samples) contents.push({ sha256: await sha256Of(ctx, source), name });
  return contents;
}

/** The sha256 of a source, even if its bytes are gone; empty if the upload is unknown or has no bytes yet. */
async function sha256Of(ctx: ScanContext, source: StoredSource): Promise<string> {
  if (source.kind === "hash") return source.hash.toLowerCase();
  return (await findUpload(ctx.db, source.id))?.sample?.sha256 ?? "";
}

function checkInput(input: ScanInput): ScanInput {
  checkOptions(input);
  return { ...input, name: cleanName(input.name) };
}

function idOf(id: number | null): number {
  if (id === null) throw new Error("an accepted request has no id");
  return id;
}
