import { createHash } from "node:crypto";
import { SHA256 } from "../../schema/hashes.js";
import type { SampleRecord } from "../../schema/reports.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { findSample, type StoredSample } from "../db/samples.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

/** How a sample is handed out: as it is, or in a zip with the password `infected`. */
export type DownloadFormat = "raw" | "zip";

/** A sample, and its bytes: what comes last comes only if all of it has the sample's sha256. */
export interface Download {
  readonly sample: SampleRecord;
  readonly bytes: AsyncGenerator<Uint8Array>;
}

/**
 * A stored sample to look at, or to download, which is written down before the first byte leaves. Throws BAD_INPUT, NOT_FOUND,
 * SAMPLE_GONE or UNAVAILABLE. Bytes that are found missing or changed later make `bytes` throw.
 */
export async function downloadSample(
  ctx: ScanContext,
  caller: Caller,
  sha256: string,
  format: DownloadFormat,
): Promise<Download> {
  const sample = await findDownload(ctx, sha256);
  const bytes = provenBytes(ctx, sample);
  const first = await bytes.next();
  await audit(ctx.db, caller, "downloadSample", sample.sha256, { format, size: sample.size });
  return { sample, bytes: resumed(ctx, sample, first, bytes) };
}

/** A sample whose bytes are stored, as far as its row and its last chunk say. Throws BAD_INPUT, NOT_FOUND or SAMPLE_GONE. */
export async function findDownload(ctx: ScanContext, sha256: string): Promise<StoredSample> {
  if (!SHA256.test(sha256)) throw new GatewayError("BAD_INPUT", "a sample is named by its sha256, 64 hex digits");
  const sample = await findSample(ctx.db, sha256);
  if (!sample) throw new GatewayError("NOT_FOUND", `no sample has the sha256 ${sha256}`);
  const { blob, isolatedChunks } = sample;
  if (blob === null || isolatedChunks === null) throw gone(sample);
  if ((await ctx.samples.read("isolated", blob, isolatedChunks.length - 1)) === undefined) throw gone(sample);
  return sample;
}

function gone({ sha256 }: SampleRecord): GatewayError {
  return new GatewayError("SAMPLE_GONE", `the bytes of the sample ${sha256} are not stored any more`);
}

/** Each chunk is held back until the next one is there, and the last one until the hash of all is right. */
async function* provenBytes(ctx: ScanContext, sample: StoredSample): AsyncGenerator<Uint8Array> {
  const { sha256, blob, isolatedChunks } = sample;
  const hash = createHash("sha256");
  let held: Uint8Array | undefined;
  for (let n = 0; n < (isolatedChunks?.length ?? 0); n += 1) {
    const chunk = await ctx.samples.read("isolated", String(blob), n);
    if (chunk === undefined) throw gone(sample);
    hash.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (hash.digest("hex") !== sha256) throw new Error(`the stored bytes of the sample ${sha256} are not what they were`);
  if (held) yield held;
}

/** What fails now cannot be answered any more: the connection is cut, and the reason is told here. */
async function* resumed(
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
    log.error({ err: error, sample: sha256 }, "a download was broken off");
    throw error;
  } finally {
    await rest.return(undefined);
  }
}
