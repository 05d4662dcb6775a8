import type { InternetClass } from "../../schema/classes.js";
import { accountName } from "../../schema/subjects.js";
import type { StoredPart } from "../bus/sample-store.js";
import { readNamedBlobs } from "../db/samples.js";
import { lockMarks, markSamples } from "../db/sweep.js";
import type { ScanContext } from "../scan/context.js";

const PAGE = 500;
/** A long walk continues in the next sweep, so that no transaction takes minutes. */
const MOST_PAGES = 200;

/**
 * Removes stored bytes that are older than the grace period and not named by any row. Each is checked once, as soon as it is old enough: an
 * upload takes at most half the grace period, so by then its sample has a row or never will.
 */
export async function removeOrphans(ctx: ScanContext, internet: InternetClass): Promise<void> {
  const account = accountName(internet);
  await ctx.db.transaction().execute(async (tx) => {
    const marks = await lockMarks(tx, account);
    if (!marks) return;
    const until = new Date(Date.now() - ctx.config.orphanGraceMs);
    let page: StoredPart[] = [];
    let pages = 0;
    const finishPage = async () => {
      const last = page.at(-1);
      if (!last) return;
      await removeUnnamed(ctx, internet, page);
      await markSamples(tx, account, last.position);
      page = [];
      pages += 1;
    };
    for await (const part of ctx.samples.walk(internet, marks.samples, until)) {
      page.push(part);
      if (page.length >= PAGE) await finishPage();
      if (pages >= MOST_PAGES) return;
    }
    await finishPage();
  });
}

async function removeUnnamed(ctx: ScanContext, internet: InternetClass, page: readonly StoredPart[]): Promise<void> {
  const named = await readNamedBlobs(ctx.db, [...new Set(page.flatMap(({ blob }) => blob ?? []))]);
  const orphans = page.filter(({ blob }) => {
    const row = named.get(blob ?? "");
    return row === undefined || (internet === "internet" && !row.inInternet);
  });
  if (orphans.length === 0) return;
  await ctx.samples.remove(
    internet,
    orphans.map(({ location }) => location),
  );
  ctx.metrics.orphans.inc(orphans.length);
  ctx.log.info({ chunks: orphans.length, internet }, "removed stored bytes that no sample names");
}
