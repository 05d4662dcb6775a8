import { sql, type RawBuilder } from "kysely";
import type { Database, Tx } from "./database.js";
import { runPrepared } from "./prepared.js";

/** Each bucket spans a quarter of a power of two, so a quantile read from them is at most 19 % off. */
const BUCKETS_PER_DOUBLING = 4;

/** The longest duration, in milliseconds, that a bucket of the roll-up counts. */
export function bucketEnd(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING);
}

function bucketOf(ms: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`ceil(${BUCKETS_PER_DOUBLING}::int * ln(greatest(${ms}, 1)) / ln(2::float8))::smallint`;
}

/** Adds final scans, which must be locked as uncounted, to the statistics of their hours. */
export async function rollUp(tx: Tx, scanIds: readonly number[]): Promise<void> {
  const add = sql`
    with taken as (
      delete from uncounted_scans where scan_id = any(${[...scanIds]}::bigint[]) returning scan_id
    -- Each scan and its results are looked up by the id, once, however few rows the planner believes the tables to have.
    ), scan as materialized (
      select scans.id, date_trunc('hour', end_date, 'UTC') as hour, verdict, end_date - start_date as waited, samples.mime, samples.size
      from taken cross join lateral (select * from scans where id = taken.scan_id offset 0) as scans
        cross join lateral (select * from samples where id = scans.sample_id offset 0) as samples
    -- Results that were copied from an earlier scan were counted there.
    ), result as materialized (
      select scan.hour, scan.verdict as scan_verdict, results.engine_id, state, results.verdict, cause, duration_ms, signature
      from scan cross join lateral (select * from results where scan_id = scan.id and reused_from is null offset 0) as results
    ), ${sql.join(additions(), sql`), `)})
    select count(*) as scans from taken`;
  await runPrepared(tx, "roll up", add);
}

const countWhere = (condition: RawBuilder<unknown>) => sql`count(*) filter (where ${condition})`;

/** From the steps `scan` and `result`, one insertion per table. */
function additions(): RawBuilder<unknown>[] {
  return [
    sql`scans_added as (insert into hourly_scans as held (hour, inconclusive, clean, suspicious, infected, bytes)
      select hour, ${countWhere(sql`verdict = 'INCONCLUSIVE'`)}, ${countWhere(sql`verdict = 'CLEAN'`)},
        ${countWhere(sql`verdict = 'SUSPICIOUS'`)}, ${countWhere(sql`verdict = 'INFECTED'`)}, sum(size) from scan group by hour
      ${addOnConflict("hour", ["inconclusive", "clean", "suspicious", "infected", "bytes"])}`,
    sql`waits_added as (insert into hourly_waits as held (hour, bucket, scans)
      select hour, ${bucketOf(sql`extract(epoch from waited)::float8 * 1000`)}, count(*) from scan group by 1, 2
      ${addOnConflict("hour, bucket", ["scans"])}`,
    sql`types_added as (insert into hourly_types as held (hour, mime, scans, detected)
      select hour, mime, count(*), ${countWhere(sql`verdict >= 'SUSPICIOUS'`)} from scan group by hour, mime
      ${addOnConflict("hour, mime", ["scans", "detected"])}`,
    sql`engines_added as (insert into hourly_engines as held (hour, engine_id, clean, suspicious, infected, silent, unscanned, failed,
        timeout, no_agent, cancelled, dead, compared, agreed, timed, timed_ms)
      select hour, engine_id, ${countWhere(sql`verdict = 'CLEAN'`)}, ${countWhere(sql`verdict = 'SUSPICIOUS'`)},
        ${countWhere(sql`verdict = 'INFECTED'`)}, ${countWhere(sql`state = 'DONE' and verdict is null`)},
        ${countWhere(sql`state = 'UNSCANNED'`)}, ${countWhere(sql`state = 'FAILED'`)}, ${countWhere(sql`state = 'TIMEOUT'`)},
        ${countWhere(sql`state = 'NO_AGENT'`)}, ${countWhere(sql`state = 'CANCELLED'`)}, ${countWhere(sql`cause = 'CRASHED_REPEATEDLY'`)},
        ${countWhere(sql`verdict is not null and scan_verdict >= 'CLEAN'`)},
        ${countWhere(sql`(verdict >= 'SUSPICIOUS') = (scan_verdict >= 'SUSPICIOUS') and scan_verdict >= 'CLEAN'`)},
        count(duration_ms), coalesce(sum(duration_ms), 0) from result group by hour, engine_id
      ${addOnConflict("hour, engine_id", ENGINE_COUNTS)}`,
    sql`durations_added as (insert into hourly_durations as held (hour, engine_id, bucket, results)
      select hour, engine_id, ${bucketOf(sql`duration_ms`)}, count(*) from result where duration_ms is not null group by 1, 2, 3
      ${addOnConflict("hour, engine_id, bucket", ["results"])}`,
    sql`signatures_added as (insert into hourly_signatures as held (hour, engine_id, signature, results)
      select hour, engine_id, left(signature, 256), count(*) from result
      where verdict >= 'SUSPICIOUS' and signature is not null group by 1, 2, 3
      ${addOnConflict("hour, engine_id, signature", ["results"])}`,
  ];
}

const ENGINE_COUNTS =
  "clean suspicious infected silent unscanned failed timeout no_agent cancelled dead compared agreed timed timed_ms".split(" ");

function addOnConflict(key: string, counts: readonly string[]): RawBuilder<unknown> {
  const sums = counts.map((count) => sql`${sql.ref(count)} = ${sql.ref(`held.${count}`)} + ${sql.ref(`excluded.${count}`)}`);
  return sql`on conflict (${sql.raw(key)}) do update set ${sql.join(sums)}`;
}

/** How many signatures and types a past hour keeps, and for how many days hours are kept. */
const KEPT = { most: 100, days: 730 };

/** Limits the roll-up: past hours keep the most frequent signatures and types, and old hours are deleted. */
export async function trimRollup(db: Database): Promise<void> {
  const over = sql`hour between now() - interval '26 hours' and now() - interval '2 hours'`;
  const beyond = (table: string, count: string) => sql`
    delete from ${sql.table(table)} where ctid = any(array(
      select ctid from (
        select ctid, row_number() over (partition by hour order by ${sql.ref(count)} desc) as place
        from ${sql.table(table)} where ${over}) as ranked
      where place > ${KEPT.most}))`;
  await beyond("hourly_signatures", "results").execute(db);
  await beyond("hourly_types", "scans").execute(db);
  for (const table of ["scans", "engines", "durations", "waits", "signatures", "types"]) {
    await sql`delete from ${sql.table(`hourly_${table}`)} where hour < now() - ${KEPT.days} * interval '1 day'`.execute(db);
  }
}
