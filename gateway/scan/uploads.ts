import { createHash, randomUUID } from "node:crypto";
import type { SampleRecord } from "../../schema/reports.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import type { StoredSample } from "../db/samples.js";
import { fillUpload, findUpload, insertUpload, type UploadRecord } from "../db/uploads.js";
import { transact, type Tx } from "../db/database.js";
import { shareLockSamples } from "../db/delete.js";
import { upsertSample } from "../db/samples.js";
import { DatabaseAway, GatewayError } from "../errors.js";
import type { StoredOrNew } from "./accept-request.js";
import type { ScanContext } from "./context.js";
import { deletedMeanwhile, discard, storeSample } from "./store-sample.js";

/** Issues an upload: anyone with its id may send one sample until it expires. */
export async function createUpload(ctx: ScanContext, caller: Caller): Promise<{ id: string; expiresAt: Date }> {
  const id = randomUUID();
  const expiresAt = await ctx.db.transaction().execute(async (tx) => {
    await audit(tx, caller, "createUpload", redacted(id));
    return insertUpload(tx, id, ctx.config.uploadTtlMs, caller.key?.id ?? null);
  });
  return { id, expiresAt };
}

/**
 * Receives the bytes of an upload. Sending the same bytes again gives the same answer, since the first one may have been lost. The audit
 * names the key that the upload was issued to. If it throws NOT_FOUND, UPLOAD_EXPIRED, BAD_INPUT because it already has other bytes, or an
 * error of {@link storeSample}, nothing stays in the store.
 */
export async function receiveUpload(
  ctx: ScanContext,
  { address, requestId }: Caller,
  id: string,
  bytes: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<SampleRecord> {
  const upload = await openUpload(ctx, id);
  if (upload.sample) return sameSample(upload.sample, bytes);
  const sample = await storeSample(ctx, bytes, signal ? { signal } : {});
  const { record, redundant } = await transact(ctx.db, async (tx) => {
    const row = await nameSample(tx, sample);
    if (!(await fillUpload(tx, id, row.record.sampleId))) {
      // Another request has filled the upload meanwhile.
      const filled = await findUpload(tx, id);
      if (filled?.sample?.sampleId !== row.record.sampleId) throw alreadyFilled();
      return row;
    }
    const key = upload.keyId === null ? null : { id: upload.keyId };
    await audit(tx, { key, address, requestId }, "receiveUpload", redacted(id), { sha256: row.record.sha256 });
    return row;
  }).catch(async (error: unknown) => {
    if (error instanceof GatewayError && !(error instanceof DatabaseAway)) await discard(ctx, sample);
    throw error;
  });
  if (redundant) await discard(ctx, sample);
  return record;
}

/** Ensures that the sample has a row. If that row refers to other bytes, those stored by this request are redundant. */
async function nameSample(tx: Tx, stored: StoredOrNew): Promise<{ record: SampleRecord; redundant: boolean }> {
  if (stored.kind === "stored") {
    const { sample } = stored;
    if ((await shareLockSamples(tx, [sample.sampleId])).size > 0) throw deletedMeanwhile();
    return { record: sample, redundant: false };
  }
  const { copy, ...content } = stored.sample;
  const { blob, ...row } = await upsertSample(tx, { put: stored.sample, replaces: stored.replaces });
  return { record: { ...content, ...row, stored: true }, redundant: copy?.blob !== blob };
}

/** Returns the sample if the bytes match it. They are hashed and not stored. */
async function sameSample(sample: SampleRecord, bytes: AsyncIterable<Uint8Array>): Promise<SampleRecord> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of bytes) {
    hash.update(piece);
    size += piece.length;
    if (size > sample.size) throw alreadyFilled();
  }
  if (hash.digest("hex") !== sample.sha256) throw alreadyFilled();
  return sample;
}

/** The sample of a finished upload. Throws NOT_FOUND, UPLOAD_EXPIRED or BAD_INPUT. */
export async function findUploadedSample(ctx: ScanContext, id: string): Promise<StoredSample> {
  const { sample } = await openUpload(ctx, id);
  if (!sample) throw new GatewayError("BAD_INPUT", "the bytes of this upload have not arrived");
  return sample;
}

async function openUpload(ctx: ScanContext, id: string): Promise<UploadRecord> {
  const upload = await findUpload(ctx.db, id);
  if (!upload) throw new GatewayError("NOT_FOUND", "there is no such upload");
  if (upload.expired) throw new GatewayError("UPLOAD_EXPIRED", "this upload URL has expired");
  return upload;
}

/** The whole id is a secret, since anyone who has it may send the bytes. */
function redacted(id: string): string {
  return `${id.slice(0, 8)}…`;
}

function alreadyFilled(): GatewayError {
  return new GatewayError("BAD_INPUT", "this upload has its bytes already");
}
