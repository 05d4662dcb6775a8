import { sql, type RawBuilder } from "kysely";
import type { EngineSpeed } from "../../schema/classes.js";
import type { Database, Tx } from "./database.js";

/** A request that is held back until there is room for it. */
export interface HeldRequest {
  readonly outboxId: number;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
  readonly engineIds: number[];
}

/** Tries to take the lock for releasing requests, so that one gateway does it at a time. Returns whether it got it. */
export async function tryLockRelease(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('scanmesh'), hashtext('held requests')) as locked`.execute(tx);
  return rows[0]?.locked ?? false;
}

/** The oldest held requests of every class. */
export async function readHeld(db: Database | Tx, limitEach: number): Promise<HeldRequest[]> {
  const { rows } = await sql<HeldRequest>`
    select held.id as "outboxId", class.speed, class.internet, held.engine_ids as "engineIds"
    from (select distinct speed, internet from engines) as class cross join lateral (
      select id, engine_ids from outbox where held and internet = class.internet and speed = class.speed
      order by id limit ${limitEach}) as held
    order by held.id`.execute(db);
  return rows;
}

/** How many released requests of each engine are not published yet. */
export async function countUnpublished(db: Database | Tx): Promise<Map<number, number>> {
  return countWhere(db, sql`seq is null and not held and priority = 'BULK'`);
}

/**
 * How many requests of open scans on the bus name each engine, answered or not. Requests that are not BULK are published at once, so they
 * count even while they are not marked.
 */
export async function countPublished(db: Database | Tx): Promise<Map<number, number>> {
  return countWhere(db, sql`not held and (seq is not null or priority <> 'BULK')`);
}

/** How many requests are held for each engine. */
export async function countHeld(db: Database): Promise<Map<number, number>> {
  return countWhere(db, sql`held`);
}

async function countWhere(db: Database | Tx, condition: RawBuilder<unknown>): Promise<Map<number, number>> {
  const { rows } = await sql<{ engineId: number; count: number }>`
    select engine_id as "engineId", count(*) as count from outbox
      cross join lateral (select priority from scans where scans.id = outbox.scan_id offset 0) as scans cross join unnest(engine_ids) as engine_id
    where ${condition} group by engine_id`.execute(db);
  return new Map(rows.map(({ engineId, count }) => [engineId, count]));
}

/** Releases requests. Returns those that were still held. */
export async function releaseHeld(tx: Tx, outboxIds: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    update outbox set held = false, created_at = now() where id = any(${[...outboxIds]}::bigint[]) and held
    returning id`.execute(tx);
  return rows.map(({ id }) => id).toSorted((a, b) => a - b);
}
