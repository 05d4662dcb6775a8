import { sql, type RawBuilder } from "kysely";
import type { Database, Tx } from "./database.js";
import { lockReader, takeUncounted } from "./final-scans.js";

/** A quarter of a power of two: a quantile read from such buckets is at most 19 % off. */
const BUCKETS_PER_DOUBLING = 4;

/** The longest duration in milliseconds that a bucket of the roll-up counts. */
export function bucketEnd(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING);
}

function bucketOf(ms: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`ceil(${BUCKETS_PER_DOUBLING}::int * ln(greatest(${ms}, 1)) / ln(2::float8))::smallint`;
}

/** Adds the next scans that have become final to their hours. Returns how many; undefined if another gateway is doing it. */
export async function rollUp(tx: Tx, limit: number): Promise<number | undefined> {
  if (!(await lockReader(tx, "statistics"))) return undefined;
  const scans = await takeUncounted(tx, limit);
  if (scans.length === 0) return 0;
  const among = sql`any(${scans}::bigint[])`;
  for (const statement of additions(among)) await statement.execute(tx);
  return scans.length;
}

const hour = sql`date_trunc('hour', scans.end_date, 'UTC')`;

function additions(among: RawBuilder<unknown>): RawBuilder<unknown>[] {
  const scans = sql`from scans join samples on samples.id = scans.sample_id where scans.id = ${among}`;
  // Results that were copied from an earlier scan were counted there.
  const results = sql`from results join scans on scans.id = results.scan_id where scans.id = ${among} and reused_from is null`;
  const countWhere = (condition: RawBuilder<unknown>) => sql`count(*) filter (where ${condition})`;
  return [
    sql`insert into hourly_scans as held (hour, inconclusive, clean, suspicious, infected, bytes)
      select ${hour}, ${countWhere(sql`verdict = 'INCONCLUSIVE'`)}, ${countWhere(sql`verdict = 'CLEAN'`)},
        ${countWhere(sql`verdict = 'SUSPICIOUS'`)}, ${countWhere(sql`verdict = 'INFECTED'`)}, sum(size) ${scans} group by 1
      ${addOnConflict("hour", ["inconclusive", "clean", "suspicious", "infected", "bytes"])}`,
    sql`insert into hourly_waits as held (hour, bucket, scans)
      select ${hour}, ${bucketOf(sql`extract(epoch from end_date - start_date)::float8 * 1000`)}, count(*) ${scans} group by 1, 2
      ${addOnConflict("hour, bucket", ["scans"])}`,
    sql`insert into hourly_types as held (hour, mime, scans, detected)
      select ${hour}, mime, count(*), ${countWhere(sql`verdict >= 'SUSPICIOUS'`)} ${scans} group by 1, 2
      ${addOnConflict("hour, mime", ["scans", "detected"])}`,
    sql`insert into hourly_engines as held (hour, engine_id, clean, suspicious, infected, silent, unscanned, failed, timeout,
        no_agent, cancelled, dead, compared, agreed, timed, timed_ms)
      select ${hour}, engine_id, ${countWhere(sql`results.verdict = 'CLEAN'`)}, ${countWhere(sql`results.verdict = 'SUSPICIOUS'`)},
        ${countWhere(sql`results.verdict = 'INFECTED'`)}, ${countWhere(sql`state = 'DONE' and results.verdict is null`)},
        ${countWhere(sql`state = 'UNSCANNED'`)}, ${countWhere(sql`state = 'FAILED'`)}, ${countWhere(sql`state = 'TIMEOUT'`)},
        ${countWhere(sql`state = 'NO_AGENT'`)}, ${countWhere(sql`state = 'CANCELLED'`)}, ${countWhere(sql`cause = 'CRASHED_REPEATEDLY'`)},
        ${countWhere(sql`results.verdict is not null and scans.verdict >= 'CLEAN'`)},
        ${countWhere(sql`(results.verdict >= 'SUSPICIOUS') = (scans.verdict >= 'SUSPICIOUS') and scans.verdict >= 'CLEAN'`)},
        count(duration_ms), coalesce(sum(duration_ms), 0) ${results} group by 1, 2
      ${addOnConflict("hour, engine_id", ENGINE_COUNTS)}`,
    sql`insert into hourly_durations as held (hour, engine_id, bucket, results)
      select ${hour}, engine_id, ${bucketOf(sql`duration_ms`)}, count(*) ${results} and duration_ms is not null group by 1, 2, 3
      ${addOnConflict("hour, engine_id, bucket", ["results"])}`,
    sql`insert into hourly_signatures as held (hour, engine_id, signature, results)
      select ${hour}, engine_id, left(signature, 256), count(*) ${results}
        and results.verdict >= 'SUSPICIOUS' and signature is not null group by 1, 2, 3
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

/** Bounds the roll-up: past hours keep the most frequent signatures and types, and old hours are deleted. */
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
