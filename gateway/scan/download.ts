import { createHash } from "node:crypto";
import { SHA256 } from "../../schema/hashes.js";
import type { SampleRecord } from "../../schema/reports.js";
import { BytesMissing, type SampleCopy } from "../bus/sample-store.js";
import { audit, type Actor } from "../db/audit.js";
import { findSample } from "../db/samples.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

/** `raw`: the bytes unchanged; `zip`: in a zip with the password `infected`. */
export type FileFormat = "raw" | "zip";

/** A sample and its bytes. The last piece is sent only if all bytes match the sample's sha256. */
export interface SampleFile {
  readonly sample: SampleRecord;
  readonly bytes: AsyncGenerator<Uint8Array>;
}

/**
 * Opens a stored sample for download and audits it before the first byte is sent. Throws BAD_INPUT, NOT_FOUND, SAMPLE_GONE or UNAVAILABLE.
 * If bytes later turn out to be missing or altered, `bytes` throws.
 */
export async function downloadSample(ctx: ScanContext, actor: Actor, sha256: string, format: FileFormat): Promise<SampleFile> {
  const { sample, copy } = await findDownload(ctx, sha256);
  const bytes = verifiedBytes(ctx, sample, copy);
  const first = await bytes.next();
  await audit(ctx.db, actor, "downloadSample", sample.sha256, { format, size: sample.size });
  return { sample, bytes: resume(ctx, sample, first, bytes) };
}

/** Enough bytes to show what kind of file it is. */
const BEGINNING = 64 * 1024;

/**
 * The first 64 KiB of a stored sample, audited before they are sent. They are verified only if the sample is one chunk, since a larger one
 * is not read to its end. Throws the errors of {@link downloadSample}.
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

/** A sample whose bytes are there, by a quick check. Throws BAD_INPUT, NOT_FOUND or SAMPLE_GONE. */
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

/** Holds each piece back until the next has been read, and the last until the hash of all has been checked. */
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

/** The response has begun, so a failure can only cut the connection; the log has the reason. */
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
