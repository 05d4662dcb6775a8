import { sql } from "kysely";
import type { BatchRecord } from "../../schema/reports.js";
import type { Database, Tx } from "./database.js";

/** A batch with the present state of its scans. */
export async function readBatch(db: Database, batchId: number): Promise<BatchRecord | undefined> {
  return (await readBatches(db, [batchId]))[0];
}

/** Reads these batches, as far as they exist, in one statement. A batch has at most 10,000 scans. */
export async function readBatches(db: Database, batchIds: readonly number[]): Promise<BatchRecord[]> {
  const { rows } = await sql<BatchRecord>`
    select batches.id as "batchId", batches.created_at as "createdAt", batches.total,
      array(select id from scans where batch_id = batches.id order by id) as "scanIds",
      deleted_revisions + coalesce(sum(scans.revision), 0)::bigint as revision,
      count(scans.id) filter (where end_date is null) as open,
      count(scans.id) filter (where end_date is not null) as final,
      count(*) filter (where verdict = 'INCONCLUSIVE') as inconclusive,
      count(*) filter (where verdict = 'CLEAN') as clean,
      count(*) filter (where verdict = 'SUSPICIOUS') as suspicious,
      count(*) filter (where verdict = 'INFECTED') as infected
    from batches left join scans on scans.batch_id = batches.id
    where batches.id = any(${[...batchIds]}::bigint[]) group by batches.id`.execute(db);
  return rows;
}

/** Creates a batch without scans; its id. */
export async function insertBatch(tx: Tx): Promise<number> {
  return (await tx.insertInto("batches").values({ total: 0 }).returning("id").executeTakeFirstOrThrow()).id;
}

/** Deletes a batch that has no scans. */
export async function deleteBatch(tx: Tx, batchId: number): Promise<void> {
  await tx.deleteFrom("batches").where("id", "=", batchId).execute();
}

/** How many scans a batch was given; undefined if it does not exist. */
export async function readBatchTotal(db: Database, batchId: number): Promise<number | undefined> {
  return (await db.selectFrom("batches").select("total").where("id", "=", batchId).executeTakeFirst())?.total;
}
