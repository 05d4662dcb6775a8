import { sql } from "kysely";
import type { WalkPosition } from "../bus/sample-store.js";
import type { RowBatch, RowRange } from "../batches/row-batches.js";
import type { Database, Tx } from "./database.js";
import { requestAgain } from "./request-again.js";

/** Locks overdue scans that no other gateway is closing. Returns their open results, and for each whether an agent was ever present. */
export async function lockOverdue(tx: Tx, { limit, except }: RowRange) {
  const { rows } = await sql<{ scanId: number; engine: string; internet: boolean; hadAgent: boolean }>`
    with overdue as (
      select id, start_date from scans where end_date is null and deadline < now() and id <> all(${except}::bigint[])
      order by id limit ${limit} for update skip locked)
    select overdue.id as "scanId", lower(engines.name) as engine, engines.internet,
      results.state = 'SCANNING' or coalesce(engines.last_healthy_at >= overdue.start_date, false) as "hadAgent"
    from overdue join results on results.scan_id = overdue.id join engines on engines.id = results.engine_id
    where results.state <= 'SCANNING' order by overdue.id, engines.id`.execute(tx);
  return rows;
}

/** The state of an account's requests on the bus. */
export interface BusState {
  readonly internet: boolean;
  /** A time by Postgres's clock before the bus was queried; requests published later are not judged. */
  readonly asOf: Date;
  /** Identity and last sequence of SCANS. */
  readonly stream: string;
  readonly lastSeq: number;
  /** The sequence up to which each engine's durable had settled long enough ago, by engine id. */
  readonly settledUpTo: ReadonlyMap<number, number>;
}

export async function readClock(db: Database): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  return rows[0]?.now ?? new Date(0);
}

/**
 * Inserts requests that the bus has lost into the outbox again, for engines whose results are still open. A request is lost if its durable
 * has settled it and no result came, if its sequence is beyond the end of the stream, if its stream is gone, or if the engine now listens
 * to another subject.
 */
export async function requeueLost(
  tx: Tx,
  { asOf, internet, stream, lastSeq, settledUpTo }: BusState,
  { limit, except, took }: RowBatch,
): Promise<number[]> {
  const lost = await sql<{ scanId: number; outboxId: number; engineId: number }>`
    select scans.id as "scanId", outbox.id as "outboxId", results.engine_id as "engineId"
    from outbox join scans on scans.id = outbox.scan_id
      join results on results.scan_id = outbox.scan_id and results.engine_id = any(outbox.engine_ids)
      join engines on engines.id = results.engine_id
      left join unnest(${[...settledUpTo.keys()]}::int[], ${[...settledUpTo.values()]}::bigint[]) as settled (engine_id, up_to)
        on settled.engine_id = results.engine_id
    where outbox.internet = ${internet} and outbox.seq is not null and scans.end_date is null and results.state <= 'SCANNING'
      and scans.id <> all(${except}::bigint[]) and outbox.published_at < ${asOf} and (outbox.stream_created <> ${stream} or outbox.seq > ${lastSeq} or outbox.seq <= settled.up_to or ${moved})
    order by scans.id limit ${limit} for update of scans skip locked`.execute(tx);
  took(lost.rows.map(({ scanId }) => scanId));
  return requestAgain(tx, lost.rows);
}

/** The engine has left the request's subject. A running scan continues, unless its result would come from the other account. */
const moved = sql<boolean>`(outbox.internet <> engines.internet or outbox.speed <> engines.speed and results.state = 'QUEUED')`;

/** Inserts requests again whose subjects the engine has left. Returns those that are not held. */
export async function requeueMoved(tx: Tx, engineId: number): Promise<number[]> {
  const { rows } = await sql<{ outboxId: number; engineId: number }>`
    select outbox.id as "outboxId", results.engine_id as "engineId"
    from outbox join scans on scans.id = outbox.scan_id
      join results on results.scan_id = outbox.scan_id and results.engine_id = any(outbox.engine_ids)
      join engines on engines.id = results.engine_id
    where results.engine_id = ${engineId} and scans.end_date is null and results.state <= 'SCANNING' and ${moved}
    order by scans.id for update of scans`.execute(tx);
  return requestAgain(tx, rows);
}

/**
 * Deletes requests that need no more answers: those that name no engine any more, and those of final scans. Finishing a scan deletes the
 * requests it sees, but another may be inserted while it waits for the scan's lock. A locked request is left for the next run.
 */
export async function removeSettled(db: Database): Promise<void> {
  await sql`
    delete from outbox where id = any(array(
      select outbox.id from outbox cross join lateral (select end_date from scans where scans.id = outbox.scan_id offset 0) as scans
      where engine_ids = '{}' or end_date is not null for update of outbox skip locked))`.execute(db);
}

/** How far the sweep has got in an account. */
export interface Marks {
  /** How far the sample store was walked; undefined before the first walk. */
  readonly samples: WalkPosition | undefined;
  readonly scansSeq: number;
  readonly scansAt: Date | null;
  /** How long ago that was. */
  readonly scansAgeMs: number | null;
}

type Account = "ISOLATED" | "INTERNET";

/** Locks an account's marks until the transaction ends; undefined if another gateway has locked them. */
export async function lockMarks(tx: Tx, account: Account): Promise<Marks | undefined> {
  const row = await tx
    .selectFrom("sweep_marks")
    .select(["samples_seq", "samples_created", "scans_seq", "scans_at"])
    .select(sql<number | null>`extract(epoch from clock_timestamp() - scans_at)::float8 * 1000`.as("age_ms"))
    .where("account", "=", account)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (!row) return undefined;
  const samples = row.samples_created === null ? undefined : { seq: row.samples_seq, created: row.samples_created };
  return { samples, scansSeq: row.scans_seq, scansAt: row.scans_at, scansAgeMs: row.age_ms };
}

export async function markSamples(tx: Tx, account: Account, { seq, created }: WalkPosition): Promise<void> {
  await tx
    .updateTable("sweep_marks")
    .set({ samples_seq: seq, samples_created: created })
    .where("account", "=", account)
    .execute();
}

/** Records the last sequence of SCANS, read just before. The time is rounded up, because a Date has whole milliseconds. */
export async function markScans(tx: Tx, account: Account, seq: number): Promise<void> {
  await tx
    .updateTable("sweep_marks")
    .set({ scans_seq: seq, scans_at: sql<Date>`clock_timestamp() + interval '10 milliseconds'` })
    .where("account", "=", account)
    .execute();
}

/**
 * The first sequence of SCANS that is still needed; everything below may be purged. Undefined if it is unknown: a request may be on the bus
 * but not marked, because its gateway ended after publishing. If the request's row is younger than the mark, its sequence is above
 * `marks.scansSeq`; otherwise it can be anything.
 */
export async function firstNeededSeq(tx: Tx, internet: boolean, stream: string, marks: Marks): Promise<number | undefined> {
  if (marks.scansAt === null) return undefined;
  const { rows } = await sql<{ mayBeUnmarked: boolean; oldest: number | null }>`
    select coalesce(bool_or(seq is null and not held and created_at <= ${marks.scansAt}), false) as "mayBeUnmarked",
      min(seq) filter (where stream_created = ${stream}) as oldest
    from outbox where internet = ${internet}`.execute(tx);
  const [row] = rows;
  if (!row || row.mayBeUnmarked) return undefined;
  return Math.min(marks.scansSeq + 1, row.oldest ?? Infinity);
}
