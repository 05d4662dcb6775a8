import type { Database } from "./database.js";

/** The id of the newest scan but `offset`; undefined if there are not as many. */
export async function nthNewest(db: Database, offset: number): Promise<number | undefined> {
  const row = await db.selectFrom("scans").select("id").orderBy("id", "desc").offset(offset).limit(1).executeTakeFirst();
  return row?.id;
}
