import { addAbortSignal, Readable } from "node:stream";
import type { SampleRecord } from "../../schema/reports.js";
import { batched } from "../batch.js";
import type { Tx } from "../db/database.js";
import { keepSamples } from "../db/delete.js";
import { findSample, findSamples, nameSamples, type StoredSample } from "../db/samples.js";
import { GatewayError } from "../errors.js";
import type { Kept } from "../content.js";
import type { ScanContext } from "./context.js";

/** A sample that the store holds: one that a row names already, or one that still needs its row. */
export type SampleToName = KnownSample | KeptSample;

export interface KnownSample {
  readonly known: StoredSample;
  readonly kept?: undefined;
}

export interface KeptSample {
  readonly kept: Kept;
  /** The blob of a row whose bytes are gone, which this one takes the place of. */
  readonly replaces: string | null;
  readonly known?: undefined;
}

/** Streams bytes into the store. Throws TOO_LARGE, UPLOAD_TIMEOUT, UNAVAILABLE or STORAGE_FULL; nothing is kept then. */
export async function keepSample(
  ctx: ScanContext,
  bytes: AsyncIterable<Uint8Array>,
  options: { limit?: number; signal?: AbortSignal },
): Promise<SampleToName> {
  // Chunks that no row names are removed after the grace; an upload must be over by then.
  const patience = AbortSignal.timeout(ctx.config.orphanGraceMs / 2);
  const signal = options.signal ? AbortSignal.any([options.signal, patience]) : patience;
  const limit = Math.min(options.limit ?? Infinity, ctx.config.uploadMaxBytes);
  let before: StoredSample | undefined;
  let usable = false;
  const look = async (sha256: string): Promise<boolean> => {
    before = await lookUp(ctx, sha256);
    usable = before !== undefined && (await lastChunkAnswers(ctx, before));
    return usable;
  };
  const kept = await putUntil(ctx, bytes, { limit, signal, known: look }, patience);
  if (kept.stored && kept.stored.chunks.length > 1) await look(kept.sha256);
  if (before && usable) {
    await discard(ctx, { kept, replaces: null });
    return { known: before };
  }
  if (kept.stored) ctx.metrics.sampleBytes.inc(kept.size);
  return { kept, replaces: before?.blob ?? null };
}

const lookUps = new WeakMap<ScanContext, (sha256: string) => Promise<StoredSample | undefined>>();

/** One a gateway: those that look at the same time ask Postgres once. */
function lookUp(ctx: ScanContext, sha256: string): Promise<StoredSample | undefined> {
  const find =
    lookUps.get(ctx) ??
    batched<string, StoredSample | undefined>(
      async (sha256s) => {
        const found = await findSamples(ctx.db, sha256s);
        return sha256s.map((each) => found.get(each));
      },
      { size: 100, parallel: 2 },
    );
  lookUps.set(ctx, find);
  return find(sha256);
}

async function putUntil(
  ctx: ScanContext,
  bytes: AsyncIterable<Uint8Array>,
  options: Parameters<typeof ctx.samples.put>[1],
  patience: AbortSignal,
): Promise<Kept> {
  const source = addAbortSignal(options.signal ?? patience, Readable.from(bytes));
  try {
    return await ctx.samples.put(source as AsyncIterable<Uint8Array>, options);
  } catch (error) {
    if (patience.aborted) throw new GatewayError("UPLOAD_TIMEOUT", "the upload took too long", { cause: error });
    throw error;
  } finally {
    source.destroy();
  }
}

/** The stored sample with that hash. Throws BAD_INPUT, NOT_FOUND, or SAMPLE_NOT_STORED if its bytes are gone. */
export async function findStoredSample(ctx: ScanContext, hash: string): Promise<StoredSample> {
  const sample = await findSample(ctx.db, hash);
  if (!sample) throw new GatewayError("NOT_FOUND", `no sample has the hash ${hash}`);
  if (!(await lastChunkAnswers(ctx, sample)))
    throw new GatewayError("SAMPLE_NOT_STORED", "the bytes of this sample are not stored; send them again");
  return sample;
}

async function lastChunkAnswers(ctx: ScanContext, { blob, isolatedChunks }: StoredSample): Promise<boolean> {
  if (blob === null || isolatedChunks === null) return false;
  return (await ctx.samples.read("isolated", blob, isolatedChunks.length - 1)) !== undefined;
}

/** Removes what was kept and is not needed. Best effort: what stays is an orphan, and the sweep removes it after its grace. */
export async function discard(ctx: ScanContext, sample: SampleToName): Promise<void> {
  const chunks = sample.kept?.stored?.chunks;
  if (!chunks) return;
  try {
    await ctx.samples.remove("isolated", chunks);
  } catch (error) {
    ctx.log.warn({ err: error, chunks: chunks.length }, "chunks that are not needed stay until the sweep");
  }
}

/**
 * Keeps the rows of known samples from being deleted until the transaction ends. Returns those that were deleted since they
 * were found.
 */
export async function deletedSince(tx: Tx, samples: readonly SampleToName[]): Promise<ReadonlySet<SampleToName>> {
  const ids = samples.flatMap(({ known }) => known?.sampleId ?? []);
  const gone = await keepSamples(tx, [...new Set(ids)]);
  return new Set(samples.filter(({ known }) => known && gone.has(known.sampleId)));
}

/** Its bytes were not kept, because they were there already. */
export function deletedMeanwhile(): GatewayError {
  return new GatewayError("UNAVAILABLE", "the sample was deleted while it was being submitted; send it again", { retryAfter: 1 });
}

/** A sample with its row. */
export interface Named {
  readonly record: SampleRecord;
  /** The bytes that came with it are not needed: a row names others. */
  readonly spare: boolean;
}

/** Gives every sample its row, in the transaction; of the same bytes kept several times, one copy is named. */
export async function nameKept(tx: Tx, samples: readonly SampleToName[]): Promise<Map<SampleToName, Named>> {
  const fresh = new Map<string, KeptSample>();
  for (const sample of samples) if (sample.kept && !fresh.has(sample.kept.sha256)) fresh.set(sample.kept.sha256, sample);
  const rows = await nameSamples(
    tx,
    [...fresh.values()].map(({ kept, replaces }) => ({ sample: kept, replaces })),
  );
  const bySha256 = new Map(rows.map((row) => [row.sha256, row]));
  return new Map(samples.map((sample) => [sample, nameOf(sample)]));

  function nameOf(sample: SampleToName): Named {
    if (sample.known) return { record: sample.known, spare: false };
    const { stored, ...content } = sample.kept;
    const row = bySha256.get(content.sha256);
    if (!row) throw new Error(`no row was made for ${content.sha256}`);
    const record = { ...content, sampleId: row.sampleId, firstSeen: row.firstSeen, stored: true };
    return { record, spare: stored?.blob !== row.blob };
  }
}
