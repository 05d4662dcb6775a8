/** Rules that somebody sends become a version of a ruleset: kept and checked, and served by nobody yet. */

import { createHash } from "node:crypto";
import { BUNDLE_LIMITS, bundleDigest, encodeManifest, setName, type BundleManifest } from "../../schema/bundle.js";
import type { BundleContent, PublishedBundle } from "../../schema/bundle-upload.js";
import { internetClass } from "../../schema/classes.js";
import type { EngineRecord } from "../../schema/reports.js";
import { RULE_FILE, RULESET_LIMITS } from "../../schema/rule-job.js";
import { sizeText } from "../../schema/settings.js";
import { storableText } from "../../schema/storable.js";
import { engineToken } from "../../schema/subjects.js";
import { makeManifest } from "../bundles/check-content.js";
import { holdSent, publishPrepared, requireFiles, storeManifest } from "../bundles/publish.js";
import { expiredUpload, hashToken, openRulesetUpload, readUpload, unknownUpload, type OpenUpload } from "../bundles/uploads.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { deleteBundleUpload, findBundleUpload, markRulesetMade } from "../db/bundle-uploads.js";
import { readSets } from "../db/bundles.js";
import { transact, type Tx } from "../db/database.js";
import {
  findRulesetVersion,
  insertRulesetVersion,
  isFetched,
  isSentAsBundles,
  lastRulesetNumber,
  newestRulesetVersion,
  readRulesetNames,
  removeOldRulesetVersions,
  type RulesetVersionRecord,
} from "../db/rulesets.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { findEngine } from "../updates/find-engines.js";
import { findRuleHosts } from "./rule-hosts.js";

/** What a new version is for. */
export interface RulesetPlace {
  readonly engine: string;
  readonly name: string;
  readonly comment: string;
}

/** A file that is sent with the request itself. */
export interface RulesetText {
  readonly path: string;
  readonly text: string;
}

/** Makes a version of what is sent. The same files as those of the newest version are that one. Throws NOT_FOUND, BAD_INPUT and TOO_LARGE. */
export async function createRuleset(
  ctx: ScanContext,
  caller: Caller,
  place: RulesetPlace,
  texts: readonly RulesetText[],
): Promise<RulesetVersionRecord> {
  const engine = await requirePlace(ctx, place);
  const comment = checkComment(place.comment);
  const sent = texts.map(({ path, text }) => ({ path, bytes: Buffer.from(text, "utf8") }));
  const files = sent.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) }));
  const { name } = place;
  // Nothing is stored of what cannot be a ruleset.
  checkFiles(ctx, { engine: engine.name, name }, files);
  const keyId = caller.key?.id ?? null;
  // Somebody sends files: none of these is swept away before there is a version that has it.
  const { path } = await transact(ctx.db, (tx) => openRulesetUpload(tx, { ...placeOf(engine, name), keyId, comment }));
  const token = path.slice(path.lastIndexOf("/") + 1);
  try {
    for (const { bytes } of sent) {
      const file = { sha256: sha256(bytes), announced: bytes.length, bytes: single(bytes) };
      await ctx.bundles.put(internetClass(engine.internet), file, bytes.length);
    }
    const { id } = await makeRuleset(ctx, caller, token, contentOf(files));
    return await requireMade(ctx, id);
  } catch (error) {
    // Nothing is swept away as long as somebody sends files.
    await deleteBundleUpload(ctx.db, hashToken(token)).catch((reason: unknown) =>
      ctx.log.warn({ err: reason }, "cannot forget the upload of a ruleset now: it expires"),
    );
    throw error;
  }
}

async function requireMade(ctx: ScanContext, id: string): Promise<RulesetVersionRecord> {
  const version = await findRulesetVersion(ctx.db, Number(id));
  if (!version) throw new GatewayError("NOT_FOUND", "this version was deleted meanwhile");
  return version;
}

/** Lets whoever has the token send the files of a new version. Throws NOT_FOUND and BAD_INPUT. */
export async function createRulesetUpload(ctx: ScanContext, caller: Caller, place: RulesetPlace): Promise<OpenUpload> {
  const engine = await requirePlace(ctx, place);
  const comment = checkComment(place.comment);
  const keyId = caller.key?.id ?? null;
  return transact(ctx.db, async (tx) => {
    await audit(tx, caller, "createRulesetUpload", `${engine.name} ${place.name}`);
    return openRulesetUpload(tx, { ...placeOf(engine, place.name), keyId, comment });
  });
}

/** Makes a version of files that were sent with a token. Throws NOT_FOUND, UPLOAD_EXPIRED, TOO_LARGE and BAD_INPUT. */
export async function makeRuleset(
  ctx: ScanContext,
  caller: Caller,
  token: string,
  content: BundleContent,
): Promise<PublishedBundle> {
  const { engine, set, internet } = await readUpload(ctx.db, token);
  if (content.signed !== undefined) throw badInput("signed", "a bundle of another mesh is published, and is no ruleset");
  if (content.kind !== "FILES") throw badInput("kind", "a ruleset has files");
  const { files } = checkFiles(ctx, { engine, name: set }, content.files);
  await holdSent(ctx, { internet }, token, files);
  const manifestAs = (number: number) => manifestOf(ctx, { engine, name: set }, number, files);
  const isSent = (version: RulesetVersionRecord | undefined): version is RulesetVersionRecord =>
    version?.removedAt === null && digestOf(manifestAs(version.number)) === version.digest;
  return publishPrepared(ctx, {
    async prepare() {
      const { engineId } = await readUpload(ctx.db, token);
      const newest = await newestRulesetVersion(ctx.db, engineId, set);
      const manifest = manifestAs((await lastRulesetNumber(ctx.db, engineId, set)) + 1);
      await requireFiles(ctx, { internet }, manifest);
      if (!isSent(newest)) await storeManifest(ctx, { internet }, digestOf(manifest), encodeManifest(manifest));
      return { newest, manifest };
    },
    async enter(tx, { newest: before, manifest }) {
      const upload = await findBundleUpload(tx, hashToken(token), { lock: true });
      if (!upload) throw unknownUpload();
      if (upload.expired) throw expiredUpload();
      const newest = await newestRulesetVersion(tx, upload.engineId, set);
      if (newest?.id !== before?.id || newest?.removedAt?.getTime() !== before?.removedAt?.getTime()) return undefined;
      // Somebody else may have sent a newer one since this URL made its own.
      const made = upload.rulesetVersion === null ? undefined : await findRulesetVersion(tx, upload.rulesetVersion);
      const known = [made, newest].find(isSent);
      if (known) {
        await markRulesetMade(tx, hashToken(token), known.id);
        return { id: String(known.id), digest: known.digest, sequence: known.number, known: true };
      }
      if (upload.rulesetVersion !== null)
        throw new GatewayError("BAD_INPUT", "something else was sent to this URL: ask for another one");
      await requireOwnSet(tx, upload, set);
      const { engineId, keyId } = upload;
      if ((await lastRulesetNumber(tx, engineId, set)) + 1 !== manifest.sequence) return undefined;
      const [number, digest, comment] = [manifest.sequence, digestOf(manifest), upload.rulesetComment ?? ""];
      const id = await insertRulesetVersion(tx, { engineId, name: set, number, digest, comment, files: manifest.files, keyId });
      await markRulesetMade(tx, hashToken(token), id);
      const actor = { ...caller, key: keyId === null ? null : { id: keyId } };
      await audit(tx, actor, "createRuleset", `${engine} ${set} ${number}`, { digest });
      await removeOldRulesetVersions(tx);
      return { id: String(id), digest, sequence: number, known: false };
    },
  });
}

async function requirePlace(ctx: ScanContext, { engine: named, name }: RulesetPlace): Promise<EngineRecord> {
  const engine = await findEngine(ctx.db, named);
  const { error } = setName.safeParse(name);
  if (error) throw badInput("name", error.issues[0]?.message ?? "is no name of a ruleset");
  if (engine.internet) throw badInput("engine", `${engine.name} reaches the internet: rules are tried by isolated engines alone`);
  requireRules(ctx, engine);
  await transact(ctx.db, (tx) => requireRoom(tx, engine, name));
  return engine;
}

/** Where hosts of the engine are there, they know whether it takes rules; where none is, one that comes will. */
function requireRules({ fleet }: ScanContext, { name }: EngineRecord): void {
  const has = fleet.presences().some(({ engines }) => engines.some((one) => engineToken(one.name) === engineToken(name)));
  if (has && findRuleHosts(fleet.presences(), name).length === 0)
    throw badInput(
      "engine",
      `none of the hosts of ${name} takes rulesets: it has no rules, or their agents are of an earlier release`,
    );
}

async function requireRoom(tx: Tx, { engineId, name: engine }: EngineRecord, name: string): Promise<void> {
  await requireOwnSet(tx, { engineId, engine }, name);
  const sets = new Set([...(await readSets(tx, engineId)), ...(await readRulesetNames(tx, engineId))]);
  if (!sets.has(name) && sets.size >= BUNDLE_LIMITS.sets)
    throw badInput("name", `${engine} has ${sets.size} sets, which is the most`);
}

/** Enabling a version replaces what hosts serve of its set: that is no set that is brought otherwise. */
async function requireOwnSet(tx: Tx, { engineId, engine }: { engineId: number; engine: string }, name: string): Promise<void> {
  if (await isFetched(tx, engineId, name))
    throw badInput("name", `a fetcher brings the set ${name} of ${engine}: choose another name`);
  if (await isSentAsBundles(tx, engineId, name))
    throw badInput("name", `${engine} has the set ${name} by bundles that are sent to it: choose another name`);
}

function checkComment(comment: string): string {
  const trimmed = comment.trim();
  if (storableText(trimmed, RULESET_LIMITS.comment) === trimmed) return trimmed;
  throw badInput("comment", `may have ${RULESET_LIMITS.comment} characters`);
}

type Named = { readonly engine: string; readonly name: string };

function checkFiles(ctx: ScanContext, named: Named, files: BundleContent["files"]): BundleManifest {
  if (files.length === 0) throw badInput("files", "a ruleset needs at least one file");
  if (files.length > RULESET_LIMITS.files)
    throw badInput("files", `a ruleset has ${RULESET_LIMITS.files} files at most, and these are ${files.length}`);
  const manifest = manifestOf(ctx, named, 1, files);
  const long = files.find(({ path }) => `${named.name}/${path}`.length > BUNDLE_LIMITS.path);
  if (long)
    throw badInput("files", `${long.path}: a path with the name of its ruleset has ${BUNDLE_LIMITS.path} characters at most`);
  const size = manifest.files.reduce((sum, file) => sum + file.size, 0);
  if (size > RULESET_LIMITS.size)
    throw new GatewayError(
      "TOO_LARGE",
      `these files have ${sizeText(size)}, and a ruleset may have ${sizeText(RULESET_LIMITS.size)}`,
      { field: ["files"] },
    );
  if (!files.some(({ path }) => RULE_FILE.test(path)))
    throw badInput("files", "none of these files holds rules: their names end in .yar or .yara");
  return manifest;
}

function manifestOf({ config }: ScanContext, { engine, name }: Named, number: number, files: BundleContent["files"]) {
  return makeManifest({ engine, set: name, sequence: number }, contentOf(files), config.bundlesMaxBytes);
}

/** Only the files make a version what it is. */
function contentOf(files: BundleContent["files"]): BundleContent {
  return { kind: "FILES", version: null, date: null, files, image: null, positive: null, force: false };
}

function digestOf(manifest: BundleManifest): string {
  return bundleDigest(encodeManifest(manifest));
}

function placeOf({ engineId }: EngineRecord, name: string) {
  return { engineId, set: name };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
