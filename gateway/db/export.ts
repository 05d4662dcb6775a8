import type { ListedScan } from "../../schema/reports.js";
import type { Database } from "./database.js";

/** A page of scans in ascending id, beginning after `after`. */
export async function readListedScans(db: Database, { after, limit }: { after: number; limit: number }): Promise<ListedScan[]> {
  const rows = await db
    .selectFrom("scans")
    .innerJoin("samples", "samples.id", "scans.sample_id")
    .select(["scans.id", "scans.name", "scans.start_date", "scans.end_date", "sha256", "md5", "sha1", "size"])
    .where("scans.id", ">", after)
    .where("scans.origin", "is", null)
    .orderBy("scans.id")
    .limit(limit)
    .execute();
  return rows.map(({ id, name, start_date, end_date, ...sample }) => ({
    scanId: id,
    name,
    startDate: start_date,
    endDate: end_date,
    sample,
  }));
}

/** The id of the scan that follows the newest `offset` ones; undefined if there are fewer. */
export async function nthNewest(db: Database, offset: number): Promise<number | undefined> {
  const row = await db
    .selectFrom("scans")
    .select("id")
    .where("origin", "is", null)
    .orderBy("id", "desc")
    .offset(offset)
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}
