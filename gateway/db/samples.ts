import { sql, type RawBuilder } from "kysely";
import { hashName } from "../../schema/hashes.js";
import type { SampleRecord } from "../../schema/reports.js";
import type { PutResult, SampleCopy, SampleLocation, StoredBlob } from "../bus/sample-store.js";
import type { RowBatch } from "../batches/row-batches.js";
import type { Database, Tx } from "./database.js";
import { elements, runPreparedQuery } from "./prepared.js";

/** A sample with the copies of its bytes. */
export interface StoredSample extends SampleRecord {
  /** Null if the bytes are not stored. */
  readonly isolated: SampleCopy | null;
  /** Null if no open scan has needed them in the internet account so far. */
  readonly internet: SampleCopy | null;
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
  sql<string | null>`encode(samples.blob_key, 'base64')`.as("key"),
  sql<SampleLocation | null>`samples.isolated_chunks`.as("isolated"),
  sql<SampleLocation | null>`samples.internet_chunks`.as("internet"),
] as const;

type SampleRow = Omit<SampleRecord, "stored"> & {
  readonly blob: string | null;
  readonly key: string | null;
  readonly isolated: SampleLocation | null;
  readonly internet: SampleLocation | null;
};

/** A row of {@link selectSamples} as a record. */
export function withCopies({ blob, key, isolated, internet, ...sample }: SampleRow): StoredSample {
  const copy = (location: SampleLocation | null): SampleCopy | null =>
    blob === null || location === null ? null : { blob, location, key };
  return { ...sample, stored: blob !== null, isolated: copy(isolated), internet: copy(internet) };
}

/** The sample with this md5, sha1 or sha256 (the length decides which); the newest if there are several. */
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
  return row && withCopies(row);
}

/** The samples with these sha256, by sha256. */
export async function findSamples(db: Database, sha256s: readonly string[]): Promise<Map<string, StoredSample>> {
  const among = sql<string>`any(${elements(sha256s, "text")})`;
  const rows = await runPreparedQuery(db, "samples", [[...sha256s]], () => selectSamples(db).where("sha256", "=", among));
  return new Map(rows.map((row) => [row.sha256, withCopies(row)]));
}

export async function readSample(db: Database, sampleId: number): Promise<StoredSample | undefined> {
  const row = await db.selectFrom("samples").select(columns).where("id", "=", sampleId).executeTakeFirst();
  return row && withCopies(row);
}

export function selectSamples(db: Database) {
  return db.selectFrom("samples").select(columns);
}

/** Reads these samples, as far as they exist. */
export async function readSamplesById(db: Database, sampleIds: readonly number[]): Promise<SampleRecord[]> {
  const among = sql<number>`any(${[...sampleIds]}::bigint[])`;
  const rows = await selectSamples(db).where("id", "=", among).execute();
  return rows.map(withCopies);
}

/** Bytes that were just put into the store, for the requests that need them. */
export interface NewBytes {
  readonly put: PutResult;
  /** The blob of the sample's row whose bytes are lost and which these replace. */
  readonly replaces: string | null;
  readonly requests?: readonly number[];
}

/**
 * The statement that inserts or completes the row of each sample, in sha256 order, each sha256 once. `which` may filter by the column
 * `requests`. A row keeps its blob, unless `replaces` says that it is lost. Returns the columns of {@link NAMED}.
 */
export function upsertBytes(samples: readonly NewBytes[], which: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  const rows = samples.flatMap(({ put: { copy, ...content }, requests = [] }) =>
    copy ? [{ ...content, requests, blob: copy.blob, key: copy.key, isolated_chunks: copy.location }] : [],
  );
  const lost = samples.flatMap(({ replaces }) => replaces ?? []);
  return sql`
    insert into samples (sha256, md5, sha1, size, mime, blob, blob_key, isolated_chunks)
    select sha256, md5, sha1, size, mime, blob, decode(key, 'base64'), isolated_chunks
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as put
      (sha256 text, md5 text, sha1 text, size bigint, mime text, blob uuid, key text, isolated_chunks bigint[], requests int[])
    ${which} order by sha256 collate "C"
    on conflict (sha256) do update set (blob, blob_key, isolated_chunks, internet_chunks) = (
      select copies.blob, copies.blob_key, copies.isolated_chunks, copies.internet_chunks
      from (values
        ('new', excluded.blob, excluded.blob_key, excluded.isolated_chunks, null::bigint[]),
        ('old', samples.blob, samples.blob_key, samples.isolated_chunks, samples.internet_chunks)
      ) as copies (which, blob, blob_key, isolated_chunks, internet_chunks)
      where which = case when samples.blob is null or samples.blob = any(${lost}::uuid[]) then 'new' else 'old' end)
    returning ${NAMED}`;
}

/** The columns of a sample's row that describe its bytes. */
export const NAMED = sql.raw("id, sha256, blob, blob_key, isolated_chunks, internet_chunks, first_seen");

/** Ensures that a sample has a row. Returns its id, the blob it refers to, and when it was first seen. */
export async function upsertSample(tx: Tx, bytes: NewBytes): Promise<{ sampleId: number; blob: string; firstSeen: Date }> {
  const { rows } = await sql<{ sampleId: number; blob: string; firstSeen: Date }>`
    with named as (${upsertBytes([bytes])}) select id as "sampleId", blob, first_seen as "firstSeen" from named`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error(`no row was made for ${bytes.put.sha256}`);
  return row;
}

/** Adds a copy in the internet account, next to one made at the same time; false if the sample now has another blob. */
export async function addInternetCopy(db: Database, sampleId: number, { blob, location }: StoredBlob): Promise<boolean> {
  const updated = await db
    .updateTable("samples")
    .set({ internet_chunks: sql`coalesce(internet_chunks, '{}'::bigint[]) || ${location}::bigint[]` })
    .where("id", "=", sampleId)
    .where("blob", "=", blob)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

/**
 * Takes internet copies that no open scan needs out of their rows and schedules their removal; returns the ids of the removals. The rows
 * are locked before checking who needs them: a scan accepted meanwhile waits for the lock because of its foreign key, and its request is
 * published only after reading the row again.
 */
export async function releaseInternetCopies(tx: Tx, { limit, except, took }: RowBatch): Promise<number[]> {
  const candidates = await sql<{ id: number }>`
    select id from samples where id = any(array(select id from samples where internet_chunks is not null and id <> all(${except}::bigint[]) order by id limit ${limit}))
    order by sha256 for update skip locked`.execute(tx);
  const ids = candidates.rows.map(({ id }) => id);
  took(ids);
  if (ids.length === 0) return [];
  const { rows } = await sql<{ id: number }>`
    with idle as materialized (
      select id, blob, internet_chunks from samples cross join lateral (
        select count(*) as scans from scans where sample_id = samples.id and end_date is null and internet) as needed
      where id = any(${ids}::bigint[]) and needed.scans = 0
    ), released as (
      update samples set internet_chunks = null where id = any(array(select id from idle))
    )
    insert into removals (internet, blob, seqs) select true, blob, internet_chunks from idle returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Which of these blobs a row refers to, and whether it refers to an internet copy. */
export async function readNamedBlobs(db: Database, blobs: readonly string[]): Promise<Map<string, { inInternet: boolean }>> {
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
