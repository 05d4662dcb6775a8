/** A bundle that was sent becomes one that engines can serve: it is given its place in the mesh's order, signed and kept. */

import { Readable } from "node:stream";
import { bundleChunks, bundleDigest, encodeManifest, type BundleManifest } from "../../schema/bundle.js";
import type { BundleContent, PublishedBundle } from "../../schema/bundle-upload.js";
import { internetClass, type InternetClass } from "../../schema/classes.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { findClashes, insertBundle, lockBundles, newestBundle, removeOldBundles, type BundleRecord } from "../db/bundles.js";
import { findBundleUpload, markPublished, type BundleUploadRecord } from "../db/bundle-uploads.js";
import { transact, type Tx } from "../db/database.js";
import { badInput, GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { makeManifest } from "./check-content.js";
import { explainOlder } from "./order.js";
import { removeUnusedFiles } from "./retain.js";
import { openSigned } from "./signed-content.js";
import { hashToken, readUpload, unknownUpload } from "./uploads.js";

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
  // All that does not depend on other bundles.
  makeManifest({ ...upload, sequence: 1 }, content, ctx.config.bundlesMaxBytes);
  const published = await transact(ctx.db, async (tx) => {
    await lockBundles(tx);
    return publishLocked(ctx, tx, { caller, token, content, from });
  });
  await removeUnusedFiles(ctx, internetClass(upload.internet)).catch((error: unknown) =>
    ctx.log.warn({ err: error }, "cannot remove files of older bundles now; the sweep will"),
  );
  return published;
}

interface Publication {
  readonly caller: Caller;
  readonly content: BundleContent;
  /** Which mesh it is from; undefined: this one. */
  readonly from?: string | undefined;
}

async function publishLocked(ctx: ScanContext, tx: Tx, sent: Publication & { token: string }): Promise<PublishedBundle> {
  const { token, ...publication } = sent;
  const upload = await findBundleUpload(tx, hashToken(token), { lock: true });
  if (!upload) throw unknownUpload();
  const published = await enterBundle(ctx, tx, { ...publication, place: upload, isOver: upload.bundleId !== null });
  await markPublished(tx, hashToken(token), Number(published.id));
  return published;
}

/** Where a bundle belongs, and where it is from. */
export type PublishingPlace = Pick<BundleUploadRecord, "engineId" | "engine" | "internet" | "set" | "keyId" | "job" | "source">;

/** Makes the next bundle of a set of files that are there. Whoever calls it holds the list of bundles. Throws as {@link publishBundle}. */
export async function enterBundle(
  ctx: ScanContext,
  tx: Tx,
  publication: Publication & { readonly place: PublishingPlace; readonly isOver?: boolean },
): Promise<PublishedBundle> {
  const { place: upload, content, caller } = publication;
  const { engineId, set, keyId } = upload;
  const newest = await newestBundle(tx, engineId, set);
  const draft = manifestOf(ctx, upload, content, 1);
  if (newest && isSame(ctx, newest, upload, content)) {
    await requireFiles(ctx, upload, draft);
    const manifest = encodeManifest(manifestOf(ctx, upload, content, newest.sequence));
    await storeManifest(ctx, upload, newest.digest, manifest);
    return answer(newest, true);
  }
  if (publication.isOver === true)
    throw new GatewayError("BAD_INPUT", "something else was published with this URL: ask for another one");
  await requireNewer(newest, draft, content.force);
  await requireOwnPaths(tx, upload, draft);
  await requireFiles(ctx, upload, draft);

  const sequence = (newest?.sequence ?? 0) + 1;
  const manifest = manifestOf(ctx, upload, content, sequence);
  const bytes = encodeManifest(manifest);
  const digest = bundleDigest(bytes);
  const signature = requireKey(ctx).sign(digest);
  await storeManifest(ctx, upload, digest, bytes);
  const { kind, version, files } = manifest;
  const source = publication.from ?? upload.source;
  const date = manifest.date === null ? null : new Date(manifest.date);
  const row = {
    engineId,
    set,
    sequence,
    kind,
    digest,
    signature,
    version,
    date,
    source,
    files,
    keyId,
    fetched: upload.job !== null,
  };
  const id = await insertBundle(tx, row);
  const actor = { ...caller, key: keyId === null ? null : { id: keyId } };
  await audit(tx, actor, "publishBundle", `${upload.engine} ${set} ${sequence}`, { digest, source, forced: content.force });
  await removeOldBundles(tx);
  return answer({ id, digest, sequence }, false);
}

function manifestOf({ config }: ScanContext, { engine, set }: PublishingPlace, content: BundleContent, sequence: number) {
  return makeManifest({ engine, set, sequence }, content, config.bundlesMaxBytes);
}

function answer({ id, digest, sequence }: Pick<BundleRecord, "id" | "digest" | "sequence">, known: boolean): PublishedBundle {
  return { id: String(id), digest, sequence, known };
}

/** Whether a bundle would come out the same, but for its sequence. */
function isSame(ctx: ScanContext, bundle: BundleRecord, upload: PublishingPlace, content: BundleContent): boolean {
  if (bundle.removedAt !== null) return false;
  return bundleDigest(encodeManifest(manifestOf(ctx, upload, content, bundle.sequence))) === bundle.digest;
}

/** It lies with the files, as one of a single chunk. */
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

async function requireOwnPaths(tx: Tx, upload: PublishingPlace, { files }: BundleManifest): Promise<void> {
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
