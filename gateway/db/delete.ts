import { sql } from "kysely";
import type { Tx } from "./database.js";

/** Deletes scans with everything that belongs to them. Returns their last revisions. The scans must be locked. */
export async function deleteScans(tx: Tx, scanIds: readonly number[]): Promise<[scanId: number, revision: number][]> {
  const { rows } = await sql<{ id: number; revision: number }>`
    delete from scans where id = any(${scanIds}::bigint[]) returning id, revision`.execute(tx);
  return rows.map(({ id, revision }) => [id, revision]);
}

/** Locks a sample against new scans. Returns its id; undefined if there is none. */
export async function lockSample(tx: Tx, sha256: string): Promise<number | undefined> {
  const row = await tx.selectFrom("samples").select("id").where("sha256", "=", sha256).forUpdate().executeTakeFirst();
  return row?.id;
}

/** Locks the scans of a locked sample, in id order. Returns their ids. */
export async function lockScansOf(tx: Tx, sampleId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from scans where sample_id = ${sampleId} order by id for update`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Deletes a sample without scans, with its uploads, and schedules the removal of its bytes. Returns the ids of the removals. */
export async function deleteSampleRow(tx: Tx, sampleId: number): Promise<number[]> {
  await tx.deleteFrom("uploads").where("sample_id", "=", sampleId).execute();
  const { rows } = await sql<{ id: number }>`
    with gone as (
      delete from samples where id = ${sampleId} returning blob, isolated_chunks, internet_chunks
    )
    insert into removals (internet, blob, seqs)
    select internet, blob, seqs from gone
    cross join lateral (values (false, isolated_chunks), (true, internet_chunks)) as copies (internet, seqs)
    where seqs is not null returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Locks samples so that they cannot be deleted until the transaction ends. Returns the ids of samples that no longer exist. */
export async function shareLockSamples(tx: Tx, sampleIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (sampleIds.length === 0) return new Set();
  const { rows } = await sql<{ id: number }>`
    select id from samples where id = any(${sampleIds}::bigint[]) order by sha256 for key share`.execute(tx);
  const locked = new Set(rows.map(({ id }) => id));
  return new Set(sampleIds.filter((id) => !locked.has(id)));
}
