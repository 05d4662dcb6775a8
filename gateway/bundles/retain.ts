/** Which files of bundles stay on the bus. */

import { setTimeout as pause } from "node:timers/promises";
import { INTERNET_CLASSES, type InternetClass } from "../../schema/classes.js";
import { lockBundles, readKeptFiles, readKnownFiles, removeOldBundles } from "../db/bundles.js";
import { removeOldRulesetVersions } from "../db/rulesets.js";
import { filesComeSince, removeExpiredBundleUploads } from "../db/bundle-uploads.js";
import { areRemoved, lockHeldFiles, markRemovals, readComing, takeLeftRemovals, unmarkRemovals } from "../db/coming-files.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "../scan/context.js";
import { UPLOAD_TTL_MS } from "./uploads.js";

type Mesh = Pick<ScanContext, "db" | "bundles" | "bus" | "config">;

/** How far the clocks of NATS and Postgres may differ. */
const CLOCKS_MS = 60_000;
/** How long somebody who sends a file waits until it is removed. */
const REMOVAL_MS = 10_000;

/** Removes what no bundle needs: old bundles, their files, and files that were sent for a bundle that was never published. */
export async function tidyBundles(ctx: Mesh): Promise<void> {
  await removeExpiredBundleUploads(ctx.db);
  await ctx.db.transaction().execute(async (tx) => {
    await lockBundles(tx);
    await removeOldBundles(tx);
    await removeOldRulesetVersions(tx);
  });
  for (const internet of INTERNET_CLASSES)
    if (ctx.bus.account(internet).connection.isUp()) await removeUnusedFiles(ctx, internet);
}

/**
 * Removes the files of a class that no bundle has, and that nobody sends. They are marked in Postgres first: who sends or publishes one of
 * them waits until it is gone, and nobody waits for NATS inside a lock.
 */
export async function removeUnusedFiles(ctx: Mesh, internet: InternetClass): Promise<void> {
  const isInternet = internet === "internet";
  await removeMarked(ctx, internet, await takeLeftRemovals(ctx.db, isInternet));
  const old = await findOld(ctx, internet, await findUnused(ctx, internet));
  if (old.length === 0) return;
  const marked = await ctx.db.transaction().execute(async (tx) => {
    await lockBundles(tx);
    await lockHeldFiles(tx);
    const kept = await readKeptFiles(tx, isInternet);
    const { held } = await readComing(tx, isInternet, old);
    return markRemovals(
      tx,
      isInternet,
      old.filter((sha256) => !kept.has(sha256) && !held.has(sha256)),
    );
  });
  await removeMarked(ctx, internet, marked);
}

/** Should NATS be away, the sweep removes them later. */
async function removeMarked({ db, bundles }: Mesh, internet: InternetClass, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length === 0) return;
  await bundles.remove(internet, sha256s);
  await unmarkRemovals(db, internet === "internet", sha256s);
}

/** Removes what there is of a file that did not arrive, unless it is whole by now. Nobody publishes it meanwhile. */
export async function removePart(
  { db, bundles }: Pick<Mesh, "db" | "bundles">,
  internet: InternetClass,
  sha256: string,
): Promise<void> {
  const isInternet = internet === "internet";
  const marked = await db.transaction().execute((tx) => markRemovals(tx, isInternet, [sha256]));
  if (marked.length === 0) return;
  try {
    const { parts } = await bundles.content(internet);
    if (parts.includes(sha256)) await bundles.remove(internet, [sha256]);
  } finally {
    await unmarkRemovals(db, isInternet, [sha256]);
  }
}

/** Waits until none of these files is being removed: what is sent or found then stays. Throws UNAVAILABLE. */
export async function awaitRemovals(db: Mesh["db"], internet: InternetClass, sha256s: readonly string[]): Promise<void> {
  for (const end = performance.now() + REMOVAL_MS; await areRemoved(db, internet === "internet", sha256s); await pause(50))
    if (performance.now() > end)
      throw new GatewayError("UNAVAILABLE", "files of this bundle are being removed: send them again in a minute");
}

/** The files that no bundle has and nobody is sending. */
async function findOld(ctx: Mesh, internet: InternetClass, unused: readonly string[]): Promise<string[]> {
  const isInternet = internet === "internet";
  const known = await readKnownFiles(ctx.db, unused, isInternet);
  const { held, left } = await readComing(ctx.db, isInternet, unused);
  const comingSince = await filesComeSince(ctx.db, isInternet, UPLOAD_TTL_MS);
  const isOld = async (sha256: string) => {
    if (held.has(sha256)) return false;
    // A sender may have seen it in a bundle that was removed since, and will not send it again.
    if (known.has(sha256))
      return comingSince === null || isStoredBefore(ctx, internet, sha256, comingSince.getTime() - CLOCKS_MS);
    return left.has(sha256) || isStoredBefore(ctx, internet, sha256, Date.now() - ctx.config.orphanGraceMs);
  };
  const old: string[] = [];
  for (const sha256 of unused) if (await isOld(sha256)) old.push(sha256);
  return old;
}

async function findUnused(
  { db, bundles }: { db: Parameters<typeof readKeptFiles>[0]; bundles: Mesh["bundles"] },
  internet: InternetClass,
): Promise<string[]> {
  const { files, parts } = await bundles.content(internet);
  const kept = await readKeptFiles(db, internet === "internet");
  return [...files.keys(), ...parts].filter((sha256) => !kept.has(sha256));
}

/** Whether a file was stored before a time. */
async function isStoredBefore({ bundles }: Mesh, internet: InternetClass, sha256: string, before: number): Promise<boolean> {
  const storedAt = await bundles.storedAt(internet, sha256);
  return storedAt !== undefined && storedAt.getTime() < before;
}
