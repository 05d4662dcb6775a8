import { sql } from "kysely";
import { hashName } from "../../schema/hashes.js";
import type { SampleRecord } from "../../schema/reports.js";
import type { Kept } from "../content.js";
import type { Database, Tx } from "./database.js";
import { runPreparedQuery, runPrepared } from "./prepared.js";

/** A sample as the scanning side needs it. */
export interface StoredSample extends SampleRecord {
  readonly blob: string | null;
  readonly isolatedChunks: number[] | null;
  readonly internetChunks: number[] | null;
}

const columns = [
  "samples.id as sampleId",
  "samples.sha256",
  "samples.md5",
  "samples.sha1",
  "samples.size",
  "samples.mime",
  "samples.first_seen as firstSeen",
  "samples.blob",
  "samples.isolated_chunks as isolatedChunks",
  "samples.internet_chunks as internetChunks",
] as const;

function withStored<Row extends { readonly blob: string | null }>(row: Row): Row & { readonly stored: boolean } {
  return { ...row, stored: row.blob !== null };
}

/** The sample with that md5, sha1 or sha256 (told apart by length); of several, the newest. */
export async function findSample(db: Database, hash: string): Promise<StoredSample | undefined> {
  const column = hashName(hash);
  if (column === undefined) return undefined;
  const row = await db
    .selectFrom("samples")
    .select(columns)
    .where(column, "=", hash.toLowerCase())
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && withStored(row);
}

/** Those of these sha256 that are there, by sha256. */
export async function findSamples(db: Database, sha256s: readonly string[]): Promise<Map<string, StoredSample>> {
  const among = sql<string>`any(${[...sha256s]}::text[])`;
  const rows = await runPreparedQuery(db, "samples", [[...sha256s]], () => selectSamples(db).where("sha256", "=", among));
  return new Map(rows.map((row) => [row.sha256, withStored(row)]));
}

export async function readSample(db: Database, sampleId: number): Promise<StoredSample | undefined> {
  const row = await db.selectFrom("samples").select(columns).where("id", "=", sampleId).executeTakeFirst();
  return row && withStored(row);
}

export function selectSamples(db: Database) {
  return db.selectFrom("samples").select(columns);
}

/** Those samples that are there. */
export async function readSamplesById(db: Database, sampleIds: readonly number[]): Promise<SampleRecord[]> {
  const among = sql<number>`any(${[...sampleIds]}::bigint[])`;
  const rows = await selectSamples(db).where("id", "=", among).execute();
  return rows.map(withStored);
}

/** What a row says of bytes that were just kept: its id and blob. Another blob than the own means that the own is not needed. */
export interface NamedSample {
  readonly sampleId: number;
  readonly sha256: string;
  readonly blob: string;
  readonly firstSeen: Date;
}

/**
 * Gives each blob its row, in sha256 order. The first commit of the same bytes wins, unless `replaces` says that the
 * winner's bytes are gone. Every sha256 may occur once.
 */
export async function nameSamples(tx: Tx, kept: readonly { sample: Kept; replaces: string | null }[]): Promise<NamedSample[]> {
  if (kept.length === 0) return [];
  const rows = kept.flatMap(({ sample, replaces }) => (sample.stored ? [{ ...sample, stored: sample.stored, replaces }] : []));
  const ordered = rows.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const json = ordered.map(({ stored, ...row }) => ({ ...row, blob: stored.blob, isolated_chunks: stored.chunks }));
  const name = sql<NamedSample>`
    insert into samples (sha256, md5, sha1, size, mime, blob, isolated_chunks)
    select sha256, md5, sha1, size, mime, blob, isolated_chunks
    from jsonb_to_recordset(${JSON.stringify(json)}::jsonb) as kept
      (sha256 text, md5 text, sha1 text, size bigint, mime text, blob uuid, isolated_chunks bigint[], replaces uuid)
    order by sha256
    on conflict (sha256) do update set
      blob = case when samples.blob is null or samples.blob = any(${ordered.flatMap((row) => row.replaces ?? [])}::uuid[])
        then excluded.blob else samples.blob end,
      isolated_chunks = case when samples.blob is null or samples.blob = any(${ordered.flatMap((row) => row.replaces ?? [])}::uuid[])
        then excluded.isolated_chunks else samples.isolated_chunks end,
      internet_chunks = case when samples.blob is null or samples.blob = any(${ordered.flatMap((row) => row.replaces ?? [])}::uuid[])
        then null else samples.internet_chunks end
    returning id as "sampleId", sha256, blob, first_seen as "firstSeen"`;
  return runPrepared(tx, "name samples", name);
}

/** Notes where a copy of a sample stands in INTERNET, beside one that was made at the same time; false if it has another blob by now. */
export async function addInternetChunks(db: Database, sampleId: number, blob: string, chunks: number[]): Promise<boolean> {
  const updated = await db
    .updateTable("samples")
    .set({ internet_chunks: sql`coalesce(internet_chunks, '{}'::bigint[]) || ${chunks}::bigint[]` })
    .where("id", "=", sampleId)
    .where("blob", "=", blob)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/**
 * Takes the copies that no open scan needs out of the rows and enters them for removal; the removals' ids.
 * The lock comes first and the question second: a scan that is accepted meanwhile waits for the lock by its foreign key,
 * and its request is published only after a look at the row.
 */
export async function releaseInternetCopies(tx: Tx, limit: number): Promise<number[]> {
  const candidates = await sql<{ id: number }>`
    select id from samples where internet_chunks is not null
    order by sha256 limit ${limit} for update skip locked`.execute(tx);
  const ids = candidates.rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const { rows } = await sql<{ id: number }>`
    with idle as (
      select id, blob, internet_chunks from samples
      where id = any(${ids}::bigint[]) and not exists (
        select from scans where scans.sample_id = samples.id and scans.end_date is null and scans.internet)
    ), released as (
      update samples set internet_chunks = null from idle where samples.id = idle.id
    )
    insert into removals (internet, blob, seqs) select true, blob, internet_chunks from idle returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Which of these blobs a row names. */
export async function namedBlobs(db: Database, blobs: readonly string[]): Promise<Map<string, { inInternet: boolean }>> {
  if (blobs.length === 0) return new Map();
  const rows = await db
    .selectFrom("samples")
    .select(["blob", "internet_chunks"])
    .where("blob", "=", sql<string>`any(${[...blobs]}::uuid[])`)
    .execute();
  return new Map(
    rows.flatMap(({ blob, internet_chunks }) =>
      blob === null ? [] : [[blob, { inInternet: internet_chunks !== null }] as const],
    ),
  );
}
