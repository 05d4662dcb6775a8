/** Which files of bundles stay on the bus. */

import { INTERNET_CLASSES, type InternetClass } from "../../schema/classes.js";
import { lockBundles, readKeptFiles, readKnownFiles, removeOldBundles } from "../db/bundles.js";
import { removeOldRulesetVersions } from "../db/rulesets.js";
import { filesComeSince, removeExpiredBundleUploads } from "../db/bundle-uploads.js";
import type { ScanContext } from "../scan/context.js";
import { UPLOAD_TTL_MS } from "./uploads.js";

type Mesh = Pick<ScanContext, "db" | "bundles" | "bus" | "config">;

/** How far the clocks of NATS and Postgres may be apart. */
const CLOCKS_MS = 60_000;

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

/** Removes the files of a class that no bundle has. Who publishes waits meanwhile, and then sees what is gone. */
export async function removeUnusedFiles(ctx: Mesh, internet: InternetClass): Promise<void> {
  const isInternet = internet === "internet";
  if ((await findUnused(ctx, internet)).length === 0) return;
  await ctx.db.transaction().execute(async (tx) => {
    await lockBundles(tx);
    const unused = await findUnused({ ...ctx, db: tx }, internet);
    // What is on its way is in no bundle yet, or in one that was removed.
    const known = await readKnownFiles(tx, unused, isInternet);
    const comingSince = await filesComeSince(tx, isInternet, UPLOAD_TTL_MS);
    const old: string[] = [];
    for (const sha256 of unused) {
      if (known.has(sha256)) {
        if (comingSince === null || (await isStoredBefore(ctx, internet, sha256, comingSince.getTime() - CLOCKS_MS)))
          old.push(sha256);
      } else if (comingSince === null && (await isStoredBefore(ctx, internet, sha256, Date.now() - ctx.config.orphanGraceMs)))
        old.push(sha256);
    }
    await ctx.bundles.remove(internet, old);
  });
}

/** Removes what there is of a file that did not arrive, unless it is whole by now. Nobody publishes meanwhile. */
export async function removePart(
  { db, bundles }: Pick<Mesh, "db" | "bundles">,
  internet: InternetClass,
  sha256: string,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockBundles(tx);
    const { parts } = await bundles.content(internet);
    if (parts.includes(sha256)) await bundles.remove(internet, [sha256]);
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

/** Whether a file was stored before a time. */
async function isStoredBefore({ bundles }: Mesh, internet: InternetClass, sha256: string, before: number): Promise<boolean> {
  const storedAt = await bundles.storedAt(internet, sha256);
  return storedAt !== undefined && storedAt.getTime() < before;
}
