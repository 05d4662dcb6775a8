import { createHash, randomBytes } from "node:crypto";
import { mustHave, type Caller } from "../caller.js";
import { audit, type Actor } from "../db/audit.js";
import { insertDownload, takeDownload, type DownloadRequest } from "../db/downloads.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { findDownload } from "./download.js";

/** Long enough for a browser to follow the URL, too short to share it. */
const LIFETIME_MS = 60_000;
const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;

/** A download that was issued. */
export interface IssuedDownload {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Issues a one-time download for whoever has its token. Throws FORBIDDEN, BAD_INPUT, NOT_FOUND, SAMPLE_NOT_STORED or UNAVAILABLE. */
export async function createDownload(ctx: ScanContext, caller: Caller, request: DownloadRequest): Promise<IssuedDownload> {
  mustHave(caller, request.kind === "sample" ? "sample:read" : "scan:read");
  const named = request.kind === "sample" ? { ...request, sha256: await findStored(ctx, request.sha256) } : request;
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const expiresAt = await ctx.db.transaction().execute(async (tx) => {
    await audit(tx, caller, "createDownload", subjectOf(named), detailsOf(named));
    return insertDownload(tx, { tokenHash: hashOf(token), request: named, keyId: caller.key?.id ?? null, ttlMs: LIFETIME_MS });
  });
  return { token, expiresAt };
}

/** The sha256 in its stored spelling. */
async function findStored(ctx: ScanContext, sha256: string): Promise<string> {
  try {
    return (await findDownload(ctx, sha256)).sample.sha256;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code === "UNAVAILABLE") throw error;
    const code = error.code === "SAMPLE_GONE" ? "SAMPLE_NOT_STORED" : error.code;
    throw new GatewayError(code, error.message, { field: ["sha256"], cause: error });
  }
}

/** Consumes a download; its token does not work again. The audit records who issued it and who used it. Throws NOT_FOUND. */
export async function useDownload(
  ctx: ScanContext,
  { address, requestId }: Caller,
  token: string,
): Promise<{ request: DownloadRequest; actor: Actor }> {
  const taken = TOKEN.test(token) ? await takeDownload(ctx.db, hashOf(token)) : undefined;
  if (!taken) throw new GatewayError("NOT_FOUND", "there is no such download: a URL can be used once, within a minute");
  const actor = { key: taken.keyId === null ? null : { id: taken.keyId }, address, requestId };
  // The download of a sample is audited later, when its bytes are found.
  if (taken.request.kind === "scans") await audit(ctx.db, actor, "downloadScans", "scans", detailsOf(taken.request));
  return { request: taken.request, actor };
}

function subjectOf(request: DownloadRequest): string {
  return request.kind === "sample" ? request.sha256 : "scans";
}

function detailsOf(request: DownloadRequest): Record<string, unknown> {
  return request.kind === "sample" ? { format: request.format } : { filter: request.criteria };
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
