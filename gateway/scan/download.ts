import { createHash } from "node:crypto";
import { SHA256 } from "../../schema/hashes.js";
import type { SampleRecord } from "../../schema/reports.js";
import { BytesMissing, type SampleCopy } from "../bus/sample-store.js";
import { audit, type Actor } from "../db/audit.js";
import { findSample } from "../db/samples.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

/** `raw`: the bytes as they are; `zip`: in a zip with the password `infected`. */
export type FileFormat = "raw" | "zip";

/** A sample and its bytes. The last piece comes only if all bytes together have the sample's sha256. */
export interface SampleFile {
  readonly sample: SampleRecord;
  readonly bytes: AsyncGenerator<Uint8Array>;
}

/**
 * Opens a stored sample for download; the audit knows before the first byte leaves. Throws BAD_INPUT, NOT_FOUND, SAMPLE_GONE or
 * UNAVAILABLE. If bytes turn out to be missing or changed later, `bytes` throws.
 */
export async function downloadSample(ctx: ScanContext, actor: Actor, sha256: string, format: FileFormat): Promise<SampleFile> {
  const { sample, copy } = await findDownload(ctx, sha256);
  const bytes = verifiedBytes(ctx, sample, copy);
  const first = await bytes.next();
  await audit(ctx.db, actor, "downloadSample", sample.sha256, { format, size: sample.size });
  return { sample, bytes: resume(ctx, sample, first, bytes) };
}

/** Bytes that show what kind of file it is. */
const BEGINNING = 64 * 1024;

/**
 * The first 64 KiB of a stored sample; the audit knows before they leave. They are known to be the sample's
 * only if it is one chunk: a larger one is not read to its end. Throws what {@link downloadSample} throws.
 */
export async function downloadBeginning(ctx: ScanContext, actor: Actor, sha256: string): Promise<Uint8Array> {
  const { sample, copy } = await findDownload(ctx, sha256);
  const pieces: Uint8Array[] = [];
  let read = 0;
  for await (const piece of verifiedBytes(ctx, sample, copy)) {
    pieces.push(piece);
    read += piece.length;
    if (read >= BEGINNING) break;
  }
  await audit(ctx.db, actor, "downloadSample", sample.sha256, { format: "first64KiB", size: sample.size });
  return Buffer.concat(pieces).subarray(0, BEGINNING);
}

/** A sample whose bytes are there, as far as a cheap look can tell. Throws BAD_INPUT, NOT_FOUND or SAMPLE_GONE. */
export async function findDownload(ctx: ScanContext, sha256: string): Promise<{ sample: SampleRecord; copy: SampleCopy }> {
  if (!SHA256.test(sha256)) throw new GatewayError("BAD_INPUT", "a sample is named by its sha256, 64 hex digits");
  const sample = await findSample(ctx.db, sha256);
  if (!sample) throw new GatewayError("NOT_FOUND", `no sample has the sha256 ${sha256}`);
  const copy = sample.isolated;
  if (copy === null || !(await ctx.samples.has("isolated", copy))) throw gone(sample);
  return { sample, copy };
}

function gone({ sha256 }: SampleRecord, cause?: unknown): GatewayError {
  return new GatewayError("SAMPLE_GONE", `the bytes of the sample ${sha256} are not stored any more`, { cause });
}

/** Holds each piece back until the next one is there, and the last one until the hash of all is right. */
async function* verifiedBytes(ctx: ScanContext, sample: SampleRecord, copy: SampleCopy): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let held: Uint8Array | undefined;
  try {
    for await (const piece of ctx.samples.read("isolated", copy)) {
      hash.update(piece);
      if (held) yield held;
      held = piece;
    }
  } catch (error) {
    throw error instanceof BytesMissing ? gone(sample, error) : error;
  }
  if (hash.digest("hex") !== sample.sha256) throw new Error(`the stored bytes of the sample ${sample.sha256} have changed`);
  if (held) yield held;
}

/** The answer has begun, so a failure cannot be answered any more: it cuts the connection, and the log has the reason. */
async function* resume(
  { log }: ScanContext,
  { sha256 }: SampleRecord,
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done) return;
  try {
    yield first.value;
    yield* rest;
  } catch (error) {
    log.error({ err: error, sample: sha256 }, "a download failed on the way; its connection was cut");
    throw error;
  } finally {
    await rest.return(undefined);
  }
}
