import { sql } from "kysely";
import type { EnginePresence } from "../../schema/presence.js";
import type { EngineRecord } from "../../schema/reports.js";
import { STALE_AFTER_MS } from "../../schema/stale.js";
import type { Database, Tx } from "./database.js";
import { runPreparedQuery } from "./prepared.js";

/**
 * The catalogue by name. An engine is available if a healthy agent announced it within the last 10 minutes of Postgres's clock, unless none
 * of the present agents can run it or its agents no longer have it. Until its first result, it is available only while an agent that has it
 * is heard.
 */
export async function readEngines(db: Database | Tx): Promise<EngineRecord[]> {
  return runPreparedQuery(db, "engines", [], () => selectEngines(db));
}

export const isAvailable = sql<boolean>`(coalesce(last_healthy_at > greatest(removed_at, now() - interval '10 minutes'), false) and unhealthy is null and expected_until > now())`;

export function selectEngines(db: Database | Tx) {
  return db
    .selectFrom("engines")
    .select([
      "id as engineId",
      "name",
      "type",
      "speed",
      "internet",
      "input",
      "accepts",
      "detects",
      "enabled",
      "engine_version as engineVersion",
      "signature_version as signatureVersion",
      "signature_date as signatureDate",
      "last_healthy_at as lastHealthyAt",
      "unhealthy",
      sql<boolean>`is_stale(type, stale_after_ms, signature_date, now())`.as("stale"),
      isAvailable.as("available"),
      sql<boolean>`expected_until = 'infinity'`.as("answered"),
    ])
    .where(sql<boolean>`not forgotten`)
    .orderBy(sql`lower(name)`);
}

/** The ids of engines, by lower-case name. */
export async function findEngineIds(db: Database, names: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: number; name: string }>`
    select id, lower(name) as name from engines where lower(name) = any(${[...names]}::text[])`.execute(db);
  return new Map(rows.map(({ id, name }) => [name, id]));
}

/** The columns of the catalogue that describe an engine as its agent announces it. */
export function announcedColumns(engine: EnginePresence) {
  const { name, type, speed, internet, input, accepts, detects = false, staleAfterMs = STALE_AFTER_MS } = engine;
  return { name, type, speed, internet, input, accepts, detects, stale_after_ms: staleAfterMs };
}

/** Inserts engines that the catalogue does not have, or has only from an import. Their durables must exist already. */
export async function insertEngines(db: Database, engines: readonly EnginePresence[]): Promise<void> {
  const rows = engines.map((engine) => ({ ...announcedColumns(engine), expected_until: sql<Date>`'-infinity'` }));
  await db
    .insertInto("engines")
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .expression(sql`lower(name)`)
        .doUpdateSet(({ ref }) => ({
          name: ref("excluded.name"),
          type: ref("excluded.type"),
          speed: ref("excluded.speed"),
          internet: ref("excluded.internet"),
          input: ref("excluded.input"),
          accepts: ref("excluded.accepts"),
          detects: ref("excluded.detects"),
          stale_after_ms: ref("excluded.stale_after_ms"),
          forgotten: false,
          expected_until: ref("excluded.expected_until"),
        }))
        .where((is) => is.or([is("engines.last_healthy_at", "is", null), is("engines.forgotten", "=", true)])),
    )
    .execute();
}

/** Records when healthy agents announced these engines, and their versions. In id order, like every writer of several rows. */
export async function markHealthy(db: Database, engines: readonly (EnginePresence & { agoMs: number })[]): Promise<void> {
  const seen = engines.map(({ name, versions, accepts, detects = false, staleAfterMs, agoMs }) => ({
    name,
    ...versions,
    accepts,
    detects,
    stale_after_ms: staleAfterMs ?? STALE_AFTER_MS,
    ago_ms: agoMs,
  }));
  await sql`
    update engines set
      unhealthy = null,
      broken_since = null,
      last_healthy_at = greatest(engines.last_healthy_at, now() - seen.ago_ms * interval '1 millisecond'),
      engine_version = seen.engine,
      signature_version = seen.signatures,
      signature_date = seen."signatureDate",
      accepts = seen.accepts,
      detects = seen.detects,
      stale_after_ms = seen.stale_after_ms
    from (
      select id, seen.* from engines
      join jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as seen
        (name text, engine text, signatures text, "signatureDate" timestamptz, accepts text[], detects boolean,
         stale_after_ms bigint, ago_ms double precision) on lower(seen.name) = lower(engines.name)
      order by id for no key update of engines) as seen
    where engines.id = seen.id`.execute(db);
}

/** Records until when agents with these engines, given by subject token, count as present. */
export async function markPresent(db: Database, engines: ReadonlyMap<string, number>): Promise<void> {
  await sql`
    update engines set expected_until = greatest(expected_until, now() + present.ms * interval '1 millisecond') from (
      select id, present.ms from engines join unnest(${[...engines.keys()]}::text[], ${[...engines.values()]}::float8[]) as present (name, ms)
        on lower(engines.name) = present.name
      order by id for no key update of engines) as present
    where engines.id = present.id`.execute(db);
}

/** Records that engines, given by subject token, have returned a result. */
export async function markAnswered(db: Database, tokens: readonly string[]): Promise<void> {
  await sql`
    update engines set expected_until = 'infinity' from (
      select id from engines where lower(name) = any(${[...tokens]}::text[]) and expected_until < 'infinity'
      order by id for no key update) as answered
    where engines.id = answered.id`.execute(db);
}

/** Why no present agent can run an engine. `broken` means that each has tried and failed. */
export interface UnhealthyEngine {
  /** Its subject token. */
  readonly name: string;
  readonly reason: string;
  readonly broken: boolean;
}

/** Records why no present agent can run these engines. In id order, like every writer of several rows. */
export async function markUnhealthy(db: Database, engines: readonly UnhealthyEngine[]): Promise<void> {
  if (engines.length === 0) return;
  await sql`
    update engines set unhealthy = now_is.reason, broken_since = case when now_is.broken then coalesce(broken_since, now()) end
    from (
      select id, said.reason, said.broken from engines
      join jsonb_to_recordset(${JSON.stringify(engines)}::jsonb) as said (name text, reason text, broken boolean)
        on lower(engines.name) = said.name
      where unhealthy is distinct from said.reason or (broken_since is null) = said.broken
      order by id for no key update of engines) as now_is
    where engines.id = now_is.id`.execute(db);
}
