import type { InternetClass } from "../../schema/classes.js";
import { accountName, blobOfChunk } from "../../schema/subjects.js";
import { namedBlobs } from "../db/samples.js";
import { lockMarks, markSamples } from "../db/sweep.js";
import type { ScanContext } from "../scan/context.js";

const PAGE = 500;

interface Chunk {
  readonly seq: number;
  readonly subject: string;
}

/**
 * Removes chunks that are older than the grace and that no row names. Each chunk is looked at once, as soon as it is old
 * enough: an upload may take half the grace, so by then its sample has its row or never will.
 */
export async function removeOrphans(ctx: ScanContext, internet: InternetClass): Promise<void> {
  const account = accountName(internet);
  await ctx.db.transaction().execute(async (tx) => {
    const marks = await lockMarks(tx, account);
    if (!marks) return;
    const created = await ctx.samples.identity(internet);
    const from = marks.samplesCreated === created ? marks.samplesSeq + 1 : 1;
    const until = new Date(Date.now() - ctx.config.orphanGraceMs);
    let page: Chunk[] = [];
    const settle = async () => {
      const last = page.at(-1);
      if (!last) return;
      await removeUnnamed(ctx, internet, page);
      await markSamples(tx, account, last.seq, created);
      page = [];
    };
    for await (const chunk of ctx.samples.walk(internet, from, until)) {
      page.push(chunk);
      if (page.length >= PAGE) await settle();
    }
    await settle();
  });
}

async function removeUnnamed(ctx: ScanContext, internet: InternetClass, page: readonly Chunk[]): Promise<void> {
  const blobs = new Set(page.flatMap(({ subject }) => blobOfChunk(subject) ?? []));
  const named = await namedBlobs(ctx.db, [...blobs]);
  const orphans = page.filter(({ subject }) => {
    const row = named.get(blobOfChunk(subject) ?? "");
    return row === undefined || (internet === "internet" && !row.inInternet);
  });
  if (orphans.length === 0) return;
  await ctx.samples.remove(
    internet,
    orphans.map(({ seq }) => seq),
  );
  ctx.metrics.orphans.inc(orphans.length);
  ctx.log.info({ chunks: orphans.length, internet }, "chunks that no sample names are removed");
}
