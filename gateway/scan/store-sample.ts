import { addAbortSignal, Readable } from "node:stream";
import { timeLimit } from "../../schema/time-limit.js";
import type { PutOptions, PutResult } from "../bus/sample-store.js";
import type { Database } from "../db/database.js";
import { findSample, findSamples, type StoredSample } from "../db/samples.js";
import { DatabaseFull, GatewayError } from "../errors.js";
import type { StoredOrNew } from "./accept-request.js";
import type { ScanContext } from "./context.js";

/** Streams bytes into the store. If it throws TOO_LARGE, UPLOAD_TIMEOUT, UNAVAILABLE or STORAGE_FULL, nothing stays there. */
export async function storeSample(
  ctx: ScanContext,
  bytes: AsyncIterable<Uint8Array>,
  options: { limit?: number; signal?: AbortSignal },
): Promise<StoredOrNew> {
  // Without a row in Postgres the bytes would be useless.
  if (ctx.databaseWrites.problem() !== undefined) throw new DatabaseFull(ctx.databaseWrites.problem());
  const limit = Math.min(options.limit ?? Infinity, ctx.config.uploadMaxBytes);
  let existing: StoredSample | undefined;
  let looked = false;
  let usable = false;
  const isStored = async (sha256: string): Promise<boolean> => {
    looked = true;
    existing = await ctx.findSample(sha256);
    usable = existing !== undefined && (await hasBytes(ctx, existing));
    return usable;
  };
  const put = await putBytes(ctx, bytes, { limit, isStored, ...(options.signal ? { signal: options.signal } : {}) });
  // The hash of a large sample is known only after it was written.
  if (!looked) await isStored(put.sha256);
  if (existing && usable) {
    await discard(ctx, { kind: "new", sample: put, replaces: null });
    return { kind: "stored", sample: existing };
  }
  if (put.copy) ctx.metrics.sampleBytes.inc(put.size);
  return { kind: "new", sample: put, replaces: existing?.isolated?.blob ?? null };
}

/** Looks up several samples in one query, for concurrent uploads. */
export async function findSamplesInOrder(db: Database, sha256s: readonly string[]): Promise<(StoredSample | undefined)[]> {
  const found = await findSamples(db, sha256s);
  return sha256s.map((sha256) => found.get(sha256));
}

async function putBytes(ctx: ScanContext, bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<PutResult> {
  // Bytes without a row are removed after the grace period, so an upload must end before that.
  const timeout = timeLimit(ctx.config.orphanGraceMs / 2, options.signal);
  const { signal } = timeout;
  const source = addAbortSignal(signal, readableOf(bytes));
  try {
    return await ctx.samples.put(source as AsyncIterable<Uint8Array>, { ...options, signal });
  } catch (error) {
    if (timeout.isOver()) throw new GatewayError("UPLOAD_TIMEOUT", "the upload took too long", { cause: error });
    throw signal.reason instanceof GatewayError ? signal.reason : error;
  } finally {
    timeout.clear();
    source.destroy();
  }
}

/** A stream that ends at once when destroyed. One from `Readable.from` would wait for the next bytes, which may never come. */
function readableOf(bytes: AsyncIterable<Uint8Array>): Readable {
  const iterator = bytes[Symbol.asyncIterator]();
  return new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      iterator.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      // The source may fail too when it is closed; only the first error counts.
      void Promise.allSettled([iterator.return?.()]);
      callback(error);
    },
  });
}

/** The stored sample with this hash. Throws BAD_INPUT, NOT_FOUND, or SAMPLE_NOT_STORED if its bytes are gone. */
export async function findStoredSample(ctx: ScanContext, hash: string): Promise<StoredSample> {
  const sample = await findSample(ctx.db, hash);
  if (!sample) throw new GatewayError("NOT_FOUND", `no sample has the hash ${hash}`);
  if (!(await hasBytes(ctx, sample)))
    throw new GatewayError("SAMPLE_NOT_STORED", "the bytes of this sample are not stored; send them again");
  return sample;
}

async function hasBytes(ctx: ScanContext, { isolated }: StoredSample): Promise<boolean> {
  return isolated !== null && (await ctx.samples.has("isolated", isolated));
}

/** Removes redundant bytes. Best effort: the sweep removes what stays as an orphan after the grace period. */
export async function discard(ctx: ScanContext, stored: StoredOrNew): Promise<void> {
  if (stored.kind === "stored" || !stored.sample.copy) return;
  const { blob, location } = stored.sample.copy;
  try {
    await ctx.samples.remove("isolated", [location]);
  } catch (error) {
    ctx.log.warn({ err: error, blob }, "cannot remove redundant bytes now; the sweep will");
  }
}

/** The error for a sample that was deleted after it had been found. Its bytes were not stored again, because they were still there. */
export function deletedMeanwhile(): GatewayError {
  return new GatewayError("UNAVAILABLE", "the sample was deleted while it was being submitted; send it again", { retryAfter: 1 });
}
