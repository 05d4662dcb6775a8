import { sql, type SqlBool } from "kysely";
import type { ScanRecord } from "../../schema/reports.js";
import type { EngineVerdict, ResultState, Verdict } from "../../schema/states.js";
import type { ScanOrigin } from "../../schema/verdict-runs.js";
import type { Database } from "./database.js";
import { INDEXED_NAME, indexedPart } from "./name-index.js";
import {
  all,
  any,
  hashIs,
  literally,
  mimeIs,
  isAnyOf,
  sizeWithin,
  timeWithin,
  type Condition,
  type SizeCriteria,
  type TimeCriteria,
} from "./list-conditions.js";
import { beyond, COUNTED, inOrder, listCount, microsOf, type ListCount, type ListOrder, type ListPage } from "./list-place.js";
import { runPreparedQuery } from "./prepared.js";
import { scanOf, selectScans } from "./scans.js";
import { writtenForms } from "./written-forms.js";

/** A filter on scans. All criteria must hold; of a list at least one value, of labels all. */
export interface ScanCriteria {
  readonly verdicts?: readonly Verdict[] | undefined;
  readonly final?: boolean | undefined;
  readonly results?: readonly ResultCriteria[] | undefined;
  readonly mimes?: readonly string[] | undefined;
  readonly size?: SizeCriteria | undefined;
  readonly started?: TimeCriteria | undefined;
  readonly ended?: TimeCriteria | undefined;
  /** Names; `*` matches any text. */
  readonly names?: readonly string[] | undefined;
  /** Lower-case hex. */
  readonly hashes?: readonly string[] | undefined;
  readonly labels?: readonly LabelCriteria[] | undefined;
  readonly batch?: number | undefined;
  /** Default: scans that a client asked for. */
  readonly origins?: readonly ScanOrigin[] | undefined;
}

/** A label; without a value, any value matches. */
export interface LabelCriteria {
  readonly key: string;
  readonly value: string | undefined;
}

/** A filter on the results of a scan; one result must meet all criteria. */
export interface ResultCriteria {
  readonly engineIds?: readonly number[] | undefined;
  readonly verdicts?: readonly EngineVerdict[] | undefined;
  readonly states?: readonly ResultState[] | undefined;
  /** Text that the signature contains, ignoring case. */
  readonly signature?: string | undefined;
  /** The exact signature. */
  readonly signatureIs?: string | undefined;
  readonly slowerThanMs?: number | undefined;
  /** Whether it disagrees with the scan on whether the sample is a detection. */
  readonly disagrees?: boolean | undefined;
}

/** A scan with its place in lists. */
export interface PlacedScan extends ScanRecord {
  /** The time by which the list is ordered, or of acceptance, in microseconds since 1970. */
  readonly placeMicros: number;
}

/** A range of time uses the index on time; everything else is in the order of ids, like the other indexes. */
function orderOf(criteria: ScanCriteria): ListOrder {
  const time = orderingTime(criteria);
  return { id: "scans.id", time: time === "end" ? "scans.end_date" : "scans.start_date", byTime: time !== undefined };
}

/** The time by which a list with these criteria is ordered; undefined means by id. */
export function orderingTime({ started, ended }: ScanCriteria): "start" | "end" | undefined {
  if (started !== undefined) return "start";
  return ended === undefined ? undefined : "end";
}

/** A page of the scans that meet the criteria. */
export async function listScans(db: Database, criteria: ScanCriteria, page: ListPage): Promise<PlacedScan[]> {
  const select = () => selectPage(db, criteria, page);
  const rows = isEverything(criteria)
    ? await runPreparedQuery(db, everythingName(page), page.after ? [page.after.id] : [], select)
    : await select().execute();
  return rows.map(scanOf);
}

function selectPage(db: Database, criteria: ScanCriteria, page: ListPage) {
  const order = orderOf(criteria);
  const wanted = all([
    ...conditionsOf(criteria, order.byTime ? undefined : beyond({ ...order, id: "results.scan_id" }, page)),
    beyond(order, page),
  ]);
  // Limits the page before joining samples.
  const cut = db.with("scans", (tables) =>
    tables.selectFrom("scans").selectAll().where(wanted).orderBy(inOrder(order, page)).limit(sql.lit(page.limit)),
  );
  return selectScans(cut).select(microsOf(order.time).as("placeMicros")).orderBy(inOrder(order, page));
}

/** The list without a filter is the most frequent one, so it is prepared. With a filter, Postgres plans for its values. */
function isEverything(criteria: ScanCriteria): boolean {
  return Object.values(criteria).every((value) => value === undefined);
}

function everythingName({ newestFirst, after, limit }: ListPage): string {
  return `list ${newestFirst ? "down" : "up"} ${after ? "from" : "from the end"} ${limit}`;
}

/** How many scans meet the criteria, exactly up to a bound. */
export async function countScans(db: Database, criteria: ScanCriteria): Promise<ListCount> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from scans where ${all(conditionsOf(criteria))} limit ${sql.lit(COUNTED + 1)}) as counted`.execute(db);
  return listCount(rows[0]?.count ?? 0);
}

/** The condition that a scan meets the criteria, for a table or expression named `scans`. */
export function conditionOf(criteria: ScanCriteria): Condition {
  return all(conditionsOf(criteria));
}

/** `resultsBeyond` repeats the start of the page, because Postgres does not infer `results.scan_id > x` from `scans.id > x`. */
function conditionsOf(criteria: ScanCriteria, resultsBeyond?: Condition): (Condition | undefined)[] {
  const { verdicts, final, results, mimes, size, started, ended, names, hashes, labels, batch, origins } = criteria;
  const ofSample = [mimeIs("samples.mime", mimes), ...sizeWithin("samples.size", size), hashIs(hashes)].filter(
    (condition) => condition !== undefined,
  );
  return [
    originIs(origins),
    isAnyOf("scans.verdict", "verdict", verdicts),
    final === undefined ? undefined : final ? sql<SqlBool>`scans.end_date is not null` : sql<SqlBool>`scans.end_date is null`,
    ...timeWithin("scans.start_date", started),
    ...timeWithin("scans.end_date", ended),
    ended && sql<SqlBool>`scans.end_date is not null`,
    names && any(names.flatMap(writtenForms).map(nameIs)),
    labels && sql<SqlBool>`(scans.labels <> '{}' and ${all(labels.map(labelIs))})`,
    batch === undefined ? undefined : sql<SqlBool>`scans.batch_id = ${batch}`,
    ofSample.length > 0 ? sql<SqlBool>`scans.sample_id in (select id from samples where ${all(ofSample)})` : undefined,
    results && hasResult(results, resultsBeyond),
  ];
}

function originIs(origins: readonly ScanOrigin[] = ["REQUEST"]): Condition {
  const [requests, updates] = [sql<SqlBool>`scans.origin is null`, sql<SqlBool>`scans.origin = 'UPDATE'`];
  return any([...(origins.includes("REQUEST") ? [requests] : []), ...(origins.includes("UPDATE") ? [updates] : [])]);
}

function nameIs(name: string): Condition {
  const [beginning = ""] = name.split("*");
  const head = indexedPart(beginning);
  if (!name.includes("*")) return sql<SqlBool>`(${INDEXED_NAME} = ${head} and scans.name = ${name})`;
  const pattern = name.split("*").map(literally).join("%");
  return head === ""
    ? sql<SqlBool>`scans.name like ${pattern}`
    : sql<SqlBool>`(${INDEXED_NAME} like ${`${literally(head)}%`} and scans.name like ${pattern})`;
}

function labelIs({ key, value }: LabelCriteria): Condition {
  if (value === undefined) return sql<SqlBool>`scans.labels ? ${key}`;
  return sql<SqlBool>`scans.labels @> ${JSON.stringify({ [key]: value })}::jsonb`;
}

const FINDINGS: ReadonlySet<EngineVerdict> = new Set(["SUSPICIOUS", "INFECTED"]);
const FAILURES: ReadonlySet<ResultState> = new Set(["CANCELLED", "NO_AGENT", "TIMEOUT", "FAILED", "UNSCANNED"]);
const OPEN: ReadonlySet<ResultState> = new Set(["QUEUED", "SCANNING"]);

function hasResult(results: readonly ResultCriteria[], resultsBeyond: Condition | undefined): Condition {
  const onlyNoted = results.every(isNoted);
  const table = onlyNoted ? sql`slow_results` : sql`results`;
  const wanted = any(results.map((criteria) => resultIs(criteria, onlyNoted)));
  return sql<SqlBool>`exists (
    select from ${table} as results where results.scan_id = scans.id and ${all([resultsBeyond, wanted])})`;
}

/** Rare values are looked up in the columns that index them. A scan with an open result is itself open. */
function resultIs(criteria: ResultCriteria, onlyNoted: boolean): Condition {
  const { engineIds, verdicts, states, signature, signatureIs, slowerThanMs, disagrees } = criteria;
  const rareVerdict = verdicts?.every((verdict) => FINDINGS.has(verdict)) ?? false;
  const rareState = states?.every((state) => FAILURES.has(state)) ?? false;
  return all([
    isAnyOf("results.engine_id", "int", engineIds),
    isAnyOf(rareVerdict ? "results.finding" : "results.verdict", "verdict", verdicts),
    isAnyOf(rareState ? "results.failure" : "results.state", "result_state", states),
    states?.every((state) => OPEN.has(state)) ? sql<SqlBool>`scans.end_date is null` : undefined,
    signature === undefined ? undefined : sql<SqlBool>`results.signature ilike ${`%${literally(signature)}%`}`,
    signatureIs === undefined ? undefined : sql<SqlBool>`results.signature = ${signatureIs}`,
    slowerThanMs === undefined ? undefined : sql<SqlBool>`results.duration_ms > ${slowerThanMs}`,
    slowerThanMs === undefined || slowerThanMs < NOTED_MS || onlyNoted ? undefined : isNotedAs(slowerThanMs, engineIds),
    disagrees === undefined ? undefined : isAtOdds(disagrees),
  ]);
}

/** A trigger copies results that took this long to a table of their own. */
const NOTED_MS = 10_000;

/** Whether that table covers all criteria on a result. */
function isNoted({ slowerThanMs = 0, ...others }: ResultCriteria): boolean {
  return slowerThanMs >= NOTED_MS && Object.values({ ...others, engineIds: undefined }).every((value) => value === undefined);
}

/** Postgres infers nothing from one table's columns about the other's, so the criteria are repeated. */
function isNotedAs(slowerThanMs: number, engineIds: readonly number[] | undefined): Condition {
  const noted = all([
    sql<SqlBool>`slow.scan_id = results.scan_id and slow.engine_id = results.engine_id and slow.duration_ms > ${slowerThanMs}`,
    isAnyOf("slow.engine_id", "int", engineIds),
  ]);
  return sql<SqlBool>`exists (select from slow_results as slow where ${noted})`;
}

/**
 * A scan is a detection if one of its results is. So a result can differ only if it is clean in a scan that is a detection, and those are
 * few.
 */
function isAtOdds(disagrees: boolean): Condition {
  if (disagrees) return sql<SqlBool>`(results.verdict = 'CLEAN' and scans.verdict >= 'SUSPICIOUS')`;
  return sql<SqlBool>`(results.verdict is not null and scans.verdict >= 'CLEAN'
    and (results.verdict >= 'SUSPICIOUS') = (scans.verdict >= 'SUSPICIOUS'))`;
}
