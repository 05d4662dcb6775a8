/** A bundle that was sent becomes one that engines can serve: it is given its place in the mesh's order, signed and kept. */

import { Readable } from "node:stream";
import { bundleChunks, bundleDigest, encodeManifest, type BundleManifest } from "../../schema/bundle.js";
import type { BundleContent, PublishedBundle } from "../../schema/bundle-upload.js";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { findClashes, insertBundle, lockBundles, newestBundle, removeOldBundles, type BundleRecord } from "../db/bundles.js";
import { findBundleUpload, markPublished, type BundleUploadRecord } from "../db/bundle-uploads.js";
import { holdFiles } from "../db/coming-files.js";
import { transact, type Database, type Tx } from "../db/database.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { makeManifest } from "./check-content.js";
import { explainOlder } from "./order.js";
import { awaitRemovals, removeUnusedFiles } from "./retain.js";
import { openSigned } from "./signed-content.js";
import { expiredUpload, hashToken, readUpload, unknownUpload } from "./uploads.js";

/**
 * Publishes what was sent with a token. The same content as the newest bundle of the set is that bundle, with its files as they are there
 * again. Throws NOT_FOUND, UPLOAD_EXPIRED, TOO_LARGE, and BAD_INPUT with a sentence that says what is wrong.
 */
export async function publishBundle(
  ctx: ScanContext,
  caller: Caller,
  token: string,
  sent: BundleContent,
): Promise<PublishedBundle> {
  const upload = await readUpload(ctx.db, token);
  const { content, from } = await openSigned(ctx, upload, sent);
  // First all checks that do not depend on other bundles.
  const { files } = makeManifest({ ...upload, sequence: 1 }, content, ctx.config.bundlesMaxBytes);
  await holdSent(ctx, upload, token, files);
  const published = await publishPrepared(ctx, {
    async prepare() {
      const place = await readUpload(ctx.db, token);
      return prepareBundle(ctx, { caller, content, from, place, isOver: place.bundleId !== null });
    },
    async enter(tx, prepared) {
      const place = await findBundleUpload(tx, hashToken(token), { lock: true });
      if (!place) throw unknownUpload();
      if (place.expired) throw expiredUpload();
      const entered = await enterBundle(ctx, tx, { caller, content, from, place, isOver: place.bundleId !== null }, prepared);
      if (entered) await markPublished(tx, hashToken(token), Number(entered.id));
      return entered;
    },
  });
  await removeUnusedFiles(ctx, internetClass(upload.internet)).catch((error: unknown) =>
    ctx.log.warn({ err: error }, "cannot remove files of older bundles now; the sweep will"),
  );
  return published;
}

/** How often a bundle is prepared before this gives up: each time another one may have been published meanwhile. */
const MOST_TRIES = 10;

/**
 * Writes to the bus what is to be published, then enters it in the lists: they are locked only for that, because NATS may take its time.
 * Where `enter` finds that another one came between, and returns undefined, it is prepared anew. Throws UNAVAILABLE.
 */
export async function publishPrepared<Prepared, Result>(
  { db }: Pick<ScanContext, "db">,
  steps: { prepare(): Promise<Prepared>; enter(tx: Tx, prepared: Prepared): Promise<Result | undefined> },
): Promise<Result> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const prepared = await steps.prepare();
    const result = await transact(db, async (tx) => {
      await lockBundles(tx);
      return steps.enter(tx, prepared);
    });
    if (result !== undefined) return result;
  }
  throw new GatewayError("UNAVAILABLE", "others publish there at the same time: try it again");
}

/** Nobody removes these files until what is sent with the token is published or expires. */
export async function holdSent(
  { db }: Pick<ScanContext, "db">,
  { internet }: { readonly internet: boolean },
  token: string,
  files: readonly { readonly sha256: string; readonly size: number }[],
): Promise<void> {
  const held = files.map(({ sha256, size }) => ({ sha256, bytes: size }));
  await db.transaction().execute((tx) => holdFiles(tx, hashToken(token), held));
  await awaitRemovals(
    db,
    internetClass(internet),
    files.map(({ sha256 }) => sha256),
  );
}

interface Publication {
  readonly caller: Caller;
  readonly content: BundleContent;
  /** Which mesh it is from; undefined: this one. */
  readonly from?: string | undefined;
}

/** Where a bundle belongs, and where it is from. */
export type PublishingPlace = Pick<BundleUploadRecord, "engineId" | "engine" | "internet" | "set" | "keyId" | "job" | "source">;

/** A bundle that is to be entered. */
export type PlacedPublication = Publication & { readonly place: PublishingPlace; readonly isOver?: boolean };

/** One whose files and manifest are on the bus. */
export interface PreparedBundle {
  /** The newest of its set, after which it comes. */
  readonly newest: BundleRecord | undefined;
  /** Undefined: it is the newest itself. */
  readonly manifest: BundleManifest | undefined;
  readonly digest: string;
}

/** Checks a bundle against what there is, and writes its manifest to the bus. Throws as {@link publishBundle}. */
export async function prepareBundle(ctx: ScanContext, publication: PlacedPublication): Promise<PreparedBundle> {
  const { place, content } = publication;
  const newest = await newestBundle(ctx.db, place.engineId, place.set);
  const draft = manifestOf(ctx, place, content, 1);
  if (newest && isSame(ctx, newest, place, content)) {
    await requireFiles(ctx, place, draft);
    await storeManifest(ctx, place, newest.digest, encodeManifest(manifestOf(ctx, place, content, newest.sequence)));
    return { newest, manifest: undefined, digest: newest.digest };
  }
  requireUnused(publication);
  await requireNewer(newest, draft, content.force);
  await requireOwnPaths(ctx.db, place, draft);
  await requireFiles(ctx, place, draft);
  const manifest = manifestOf(ctx, place, content, (newest?.sequence ?? 0) + 1);
  const bytes = encodeManifest(manifest);
  const digest = bundleDigest(bytes);
  requireKey(ctx);
  await storeManifest(ctx, place, digest, bytes);
  return { newest, manifest, digest };
}

/**
 * Makes it the next bundle of its set; undefined if another one was published or removed since it was prepared. Whoever calls it holds the
 * list of bundles. Throws as {@link publishBundle}.
 */
export async function enterBundle(
  ctx: ScanContext,
  tx: Tx,
  publication: PlacedPublication,
  { newest: before, manifest, digest }: PreparedBundle,
): Promise<PublishedBundle | undefined> {
  const { place, content, caller } = publication;
  const { engineId, set, keyId } = place;
  const newest = await newestBundle(tx, engineId, set);
  if (newest?.id !== before?.id || newest?.removedAt?.getTime() !== before?.removedAt?.getTime()) return undefined;
  if (manifest === undefined) return newest && answer(newest, true);
  requireUnused(publication);
  await requireOwnPaths(tx, place, manifest);
  const { kind, version, files, sequence } = manifest;
  const signature = requireKey(ctx).sign(digest);
  const source = publication.from ?? place.source;
  const date = manifest.date === null ? null : new Date(manifest.date);
  const row = { engineId, set, sequence, kind, digest, signature, version, date, source, files, keyId };
  const id = await insertBundle(tx, { ...row, fetched: place.job !== null });
  const actor = { ...caller, key: keyId === null ? null : { id: keyId } };
  await audit(tx, actor, "publishBundle", `${place.engine} ${set} ${sequence}`, { digest, source, forced: content.force });
  await removeOldBundles(tx);
  return answer({ id, digest, sequence }, false);
}

/** A URL publishes once. */
function requireUnused({ isOver }: PlacedPublication): void {
  if (isOver === true) throw new GatewayError("BAD_INPUT", "something else was published with this URL: ask for another one");
}

function manifestOf({ config }: ScanContext, { engine, set }: PublishingPlace, content: BundleContent, sequence: number) {
  return makeManifest({ engine, set, sequence }, content, config.bundlesMaxBytes);
}

function answer({ id, digest, sequence }: Pick<BundleRecord, "id" | "digest" | "sequence">, known: boolean): PublishedBundle {
  return { id: String(id), digest, sequence, known };
}

/** Whether two bundles are the same but for their sequence. */
function isSame(ctx: ScanContext, bundle: BundleRecord, upload: PublishingPlace, content: BundleContent): boolean {
  if (bundle.removedAt !== null) return false;
  return bundleDigest(encodeManifest(manifestOf(ctx, upload, content, bundle.sequence))) === bundle.digest;
}

/** The manifest is stored as the files are, in a single chunk. */
export async function storeManifest(
  { bundles }: ScanContext,
  upload: Pick<PublishingPlace, "internet">,
  sha256: string,
  manifest: Buffer,
): Promise<void> {
  const bytes = Readable.from([manifest]) as AsyncIterable<Uint8Array>;
  await bundles.put(classOf(upload), { sha256, announced: manifest.length, bytes }, manifest.length);
}

/** Throws BAD_INPUT where the gateway has no key for bundles. */
export function requireKey({ bundleKey }: Pick<ScanContext, "bundleKey">) {
  if (bundleKey === undefined)
    throw new GatewayError("BAD_INPUT", "this gateway has no key to sign bundles with: set SCANMESH_BUNDLE_KEY");
  return bundleKey;
}

async function requireNewer(newest: BundleRecord | undefined, manifest: BundleManifest, force: boolean): Promise<void> {
  if (newest === undefined || force) return;
  const date = manifest.date === null ? null : new Date(manifest.date);
  const older = explainOlder({ version: manifest.version, date }, newest);
  if (older === undefined) return;
  throw badInput(
    "version",
    `${older}, which is bundle ${newest.sequence} of ${newest.engine} ${newest.set}: force it to publish it all the same`,
  );
}

async function requireOwnPaths(tx: Database | Tx, upload: PublishingPlace, { files }: BundleManifest): Promise<void> {
  const [clash] = await findClashes(
    tx,
    upload,
    files.map(({ path }) => path),
  );
  if (clash === undefined) return;
  throw badInput(
    "files",
    `${clash.path} is in the set ${clash.set} of ${upload.engine}, too, and an engine has all its sets in one folder: name it otherwise`,
  );
}

/** Throws BAD_INPUT if a file is not there. */
export async function requireFiles(
  { bundles }: ScanContext,
  upload: Pick<PublishingPlace, "internet">,
  { files }: BundleManifest,
): Promise<void> {
  const stored = await bundles.content(classOf(upload));
  const missing = files.filter(({ sha256, size }) => stored.files.get(sha256) !== bundleChunks(size));
  const [first] = missing;
  if (first === undefined) return;
  throw badInput(
    "files",
    `${missing.length} of ${files.length} files are not there as they are described, ${first.path} among them: send them first`,
  );
}

function classOf({ internet }: Pick<PublishingPlace, "internet">): InternetClass {
  return internetClass(internet);
}
