/** Uploads of bundles: whoever has the token of one can send files, and publish once. */

import { createHash, randomBytes } from "node:crypto";
import { BUNDLE_LIMITS, setName } from "../../schema/bundle.js";
import { BUNDLES_PATH } from "../../schema/bundle-upload.js";
import { engineToken } from "../../schema/subjects.js";
import { suggestName } from "../../schema/suggestion.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { readSets } from "../db/bundles.js";
import { findBundleUpload, insertBundleUpload, type BundleUploadRecord, type NewBundleUpload } from "../db/bundle-uploads.js";
import type { Tx } from "../db/database.js";
import { readRulesetNames } from "../db/rulesets.js";
import { readEngines } from "../db/engines.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

/** How long a bundle may take to be sent. */
export const UPLOAD_TTL_MS = 24 * 3_600_000;
const TOKEN_BYTES = 24;
/** Gateways that know no rulesets must not take one for a bundle: to them this is no token. */
const OF_RULESET = "ruleset-";
const TOKEN = /^(ruleset-)?[\w-]{32}$/;

/** Where a bundle is sent to. */
export interface OpenUpload {
  /** Path at any gateway; what follows {@link BUNDLES_PATH} is the secret. */
  readonly path: string;
  readonly expiresAt: Date;
}

/** Lets whoever has the token send a bundle of an engine's set. Throws BAD_INPUT. */
export async function createBundle(
  ctx: Pick<ScanContext, "db" | "config">,
  caller: Caller,
  input: { engine: string; set: string },
): Promise<OpenUpload> {
  const engines = await readEngines(ctx.db);
  const engine = engines.find(({ name }) => engineToken(name) === engineToken(input.engine));
  if (!engine) {
    const names = engines.map(({ name }) => name);
    throw badInput("engine", `no engine is called ${input.engine}${suggestName(input.engine, names)}`);
  }
  const set = setName.safeParse(input.set);
  if (!set.success) throw badInput("set", set.error.issues[0]?.message ?? "is no name of a set");
  const { engineId } = engine;
  return ctx.db.transaction().execute(async (tx) => {
    const sets = await readSets(tx, engineId);
    if (!sets.includes(set.data) && sets.length >= BUNDLE_LIMITS.sets)
      throw badInput("set", `${engine.name} has ${sets.length} sets, which is the most`);
    if ((await readRulesetNames(tx, engineId)).includes(set.data))
      throw badInput("set", `${engine.name} has a ruleset ${set.data}: send a version of it, or choose another name`);
    await audit(tx, caller, "createBundle", `${engine.name} ${set.data}`);
    const source = caller.key === null ? "uploaded" : `uploaded by ${caller.key.name}`;
    return openUpload(tx, { engineId, set: set.data, keyId: caller.key?.id ?? null, job: null, source });
  });
}

/** Opens an upload for one job of a fetcher. Earlier uploads of the set's fetchers end. */
export async function openFetchUpload(
  tx: Tx,
  { engineId, set, job, source }: { engineId: number; set: string; job: string; source: string },
): Promise<OpenUpload> {
  return openUpload(tx, { engineId, set, keyId: null, job, source });
}

/** Lets whoever has the token send a ruleset, which becomes a version with this comment. */
export async function openRulesetUpload(
  tx: Tx,
  { engineId, set, keyId, comment }: { engineId: number; set: string; keyId: string | null; comment: string },
): Promise<OpenUpload> {
  return openUpload(tx, { engineId, set, keyId, job: null, source: "a ruleset", comment }, OF_RULESET);
}

async function openUpload(tx: Tx, upload: Omit<NewBundleUpload, "tokenHash" | "ttlMs">, kind = ""): Promise<OpenUpload> {
  const token = kind + randomBytes(TOKEN_BYTES).toString("base64url");
  const expiresAt = await insertBundleUpload(tx, { ...upload, tokenHash: hashToken(token), ttlMs: UPLOAD_TTL_MS });
  return { path: `${BUNDLES_PATH}/${token}`, expiresAt };
}

/** The hash of a token, which is all that is stored of it. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The upload with this token. Throws NOT_FOUND or UPLOAD_EXPIRED. */
export async function readUpload(db: ScanContext["db"], token: string): Promise<BundleUploadRecord> {
  const upload = TOKEN.test(token) ? await findBundleUpload(db, hashToken(token)) : undefined;
  if (!upload) throw unknownUpload();
  if (upload.expired) throw expiredUpload();
  return upload;
}

export function expiredUpload(): GatewayError {
  return new GatewayError("UPLOAD_EXPIRED", "this URL for a bundle has expired: ask for another one");
}

export function unknownUpload(): GatewayError {
  return new GatewayError("NOT_FOUND", "there is no such upload of a bundle");
}
