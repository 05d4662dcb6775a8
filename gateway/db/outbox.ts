import { sql, type RawBuilder } from "kysely";
import type { EngineSpeed } from "../../schema/classes.js";
import type { SampleLocation } from "../bus/sample-store.js";
import type { RowRange } from "../batches/row-batches.js";
import type { Database, Tx } from "./database.js";
import { runPrepared } from "./prepared.js";

/** How long a gateway has to publish and mark what it committed. After that, the sweep of any gateway publishes it. */
export const OVERDUE_MS = 2_500;

/** Everything that is needed to publish a request. */
export interface OutboxRequest {
  readonly outboxId: number;
  readonly scanId: number;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
  readonly engines: { readonly name: string; readonly input: "file" | "hash" }[];
  readonly sample: {
    sampleId: number;
    sha256: string;
    md5: string;
    sha1: string;
    size: number;
    mime: string;
    blob: string | null;
    key: string | null;
  };
  /** Where the blob is in the isolated account; null if it is not stored there. */
  readonly isolated: SampleLocation | null;
  /** Whether its sample must be copied to the internet account first. */
  readonly lacksCopy: boolean;
  /** How often it has crashed an agent. */
  readonly crashes: number;
  /** Milliseconds until the deadline. */
  readonly remainingMs: number;
}

const lacksCopy = sql`outbox.internet and internet_chunks is null and isolated_chunks is not null and samples.blob is not null
  and exists (select from engines where engines.id = any(outbox.engine_ids) and engines.input = 'file')`;

const request = sql`
  select outbox.id as "outboxId", outbox.scan_id as "scanId", outbox.speed, outbox.internet, outbox.crashes,
    (select jsonb_agg(jsonb_build_object('name', engines.name, 'input', engines.input) order by engines.id)
     from engines where engines.id = any(outbox.engine_ids)) as engines,
    jsonb_build_object('sampleId', samples.id, 'sha256', sha256, 'md5', md5, 'sha1', sha1, 'size', size, 'mime', mime, 'blob', blob,
      'key', encode(blob_key, 'base64')) as sample,
    isolated_chunks as isolated, ${lacksCopy} as "lacksCopy",
    extract(epoch from scans.deadline - now())::float8 * 1000 as "remainingMs"
  from outbox
    -- No request of the internet class is published for a scan that forbids it, whoever has inserted the request.
    join scans on scans.id = outbox.scan_id and (scans.internet or not outbox.internet)
    join samples on samples.id = scans.sample_id`;

/** Which of these just committed requests are unpublished. */
export async function readRequests(db: Database, outboxIds: readonly number[]): Promise<OutboxRequest[]> {
  const read = sql<OutboxRequest>`${request} where outbox.id = any(${outboxIds}::bigint[]) and outbox.seq is null and not outbox.held and scans.end_date is null
    order by outbox.id`;
  return runPrepared(db, "requests", read);
}

function unpublished(olderThanMs: number, which: RawBuilder<unknown>, limit: number): RawBuilder<OutboxRequest> {
  return sql<OutboxRequest>`${request}
    where outbox.seq is null and not outbox.held and outbox.created_at < now() - ${olderThanMs} * interval '1 millisecond'
      and scans.end_date is null and ${which}
    order by outbox.id limit ${limit}`;
}

/** Unpublished requests that lack their copy, the oldest first, including those that another gateway has locked. */
export async function readLackingCopy(db: Database, olderThanMs: number, limit: number): Promise<OutboxRequest[]> {
  return (await unpublished(olderThanMs, lacksCopy, limit).execute(db)).rows;
}

/**
 * Locks unpublished requests, the oldest first, until the transaction ends. Requests that another gateway has locked are skipped, and so
 * are those that lack their copy, unless they are in `missing`.
 */
export async function lockUnpublished(
  tx: Tx,
  olderThanMs: number,
  { limit, except }: RowRange,
  missing: readonly number[],
): Promise<OutboxRequest[]> {
  const isReady = sql`(not (${lacksCopy}) or outbox.id = any(${missing}::bigint[])) and outbox.id <> all(${except}::bigint[])`;
  const { rows } = await sql<OutboxRequest>`${unpublished(olderThanMs, isReady, limit)}
    for update of outbox skip locked`.execute(tx);
  return rows;
}

/** A request that the bus has acknowledged. */
export interface Published {
  readonly outboxId: number;
  readonly scanId: number;
  readonly internet: boolean;
  readonly seq: number;
  readonly stream: string;
}

/**
 * Records that requests are published. Returns those that were withdrawn meanwhile: their rows are gone, because their scans were deleted
 * or became final without all answers.
 */
export async function markPublished(db: Database, published: readonly Published[]): Promise<Published[]> {
  if (published.length === 0) return [];
  const ordered = published.toSorted((a, b) => a.outboxId - b.outboxId);
  const ids = ordered.map(({ outboxId }) => outboxId);
  const mark = sql<{ id: number }>`
    update outbox set published_at = clock_timestamp(), seq = (${ordered.map(({ seq }) => seq)}::bigint[])[array_position(${ids}::bigint[], id)],
      stream_created = (${ordered.map(({ stream }) => stream)}::text[])[array_position(${ids}::bigint[], id)]
    where id = any(${ids}::bigint[]) and seq is null returning id`;
  const marked = await runPrepared(db, "mark requests", mark);
  const done = new Set(marked.map(({ id }) => id));
  return findWithdrawn(
    db,
    published.filter(({ outboxId }) => !done.has(outboxId)),
  );
}

async function findWithdrawn(db: Database, published: readonly Published[]): Promise<Published[]> {
  if (published.length === 0) return [];
  const { rows } = await sql<{ id: number }>`
    select done.id from unnest(${published.map(({ outboxId }) => outboxId)}::bigint[], ${published.map(({ scanId }) => scanId)}::bigint[])
      as done (id, scan_id)
      -- How many requests each scan has left, looked up by id.
      cross join lateral (select count(*) as requests from outbox where outbox.id = done.id) as waiting
      cross join lateral (select count(*) as scans from scans where scans.id = done.scan_id) as kept
      -- Closed by a gateway: cancelled, or overdue.
      cross join lateral (select count(*) as results from results where scan_id = done.scan_id and state between 'CANCELLED' and 'TIMEOUT') as closed
    where requests = 0 and (scans = 0 or results > 0)`.execute(db);
  const ids = new Set(rows.map(({ id }) => id));
  return published.filter(({ outboxId }) => ids.has(outboxId));
}
