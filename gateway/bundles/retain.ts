/** Which files of bundles stay on the bus. */

import { INTERNET_CLASSES, type InternetClass } from "../../schema/classes.js";
import { lockBundles, readKeptFiles, readKnownFiles, removeOldBundles } from "../db/bundles.js";
import { mayFilesCome, removeExpiredBundleUploads } from "../db/bundle-uploads.js";
import type { ScanContext } from "../scan/context.js";

type Mesh = Pick<ScanContext, "db" | "bundles" | "bus" | "config">;

/** Removes what no bundle needs: old bundles, their files, and files that were sent for a bundle that was never published. */
export async function tidyBundles(ctx: Mesh): Promise<void> {
  await removeExpiredBundleUploads(ctx.db);
  await ctx.db.transaction().execute((tx) => removeOldBundles(tx));
  for (const internet of INTERNET_CLASSES)
    if (ctx.bus.account(internet).connection.isUp()) await removeUnusedFiles(ctx, internet);
}

/** Removes the files of a class that no bundle has. Who publishes waits meanwhile, and then sees what is gone. */
export async function removeUnusedFiles(ctx: Mesh, internet: InternetClass): Promise<void> {
  const isInternet = internet === "internet";
  if ((await findUnused(ctx, internet)).length === 0) return;
  await ctx.db.transaction().execute(async (tx) => {
    await lockBundles(tx);
    const unused = await findUnused({ ...ctx, db: tx }, internet);
    // What is on its way is in no bundle yet.
    const known = await readKnownFiles(tx, unused);
    const sent = (await mayFilesCome(tx, isInternet)) ? [] : unused.filter((sha256) => !known.has(sha256));
    const old: string[] = [];
    for (const sha256 of sent) if (await isOld(ctx, internet, sha256)) old.push(sha256);
    await ctx.bundles.remove(internet, [...known, ...old]);
  });
}

async function findUnused(
  { db, bundles }: { db: Parameters<typeof readKeptFiles>[0]; bundles: Mesh["bundles"] },
  internet: InternetClass,
): Promise<string[]> {
  const { files, parts } = await bundles.content(internet);
  const kept = await readKeptFiles(db, internet === "internet");
  return [...files.keys(), ...parts].filter((sha256) => !kept.has(sha256));
}

async function isOld({ bundles, config }: Mesh, internet: InternetClass, sha256: string): Promise<boolean> {
  const storedAt = await bundles.storedAt(internet, sha256);
  return storedAt !== undefined && Date.now() - storedAt.getTime() > config.orphanGraceMs;
}
