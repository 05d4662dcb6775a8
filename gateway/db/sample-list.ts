import { sql, type SqlBool } from "kysely";
import type { SampleRecord, ScanRecord } from "../../schema/reports.js";
import type { Verdict } from "../../schema/states.js";
import type { ScansTable } from "../../schema/tables/scans.js";
import type { Database } from "./database.js";
import {
  all,
  hashIs,
  isFound,
  mimeIs,
  isAnyOf,
  sizeWithin,
  timeWithin,
  type SizeCriteria,
  type TimeCriteria,
} from "./list-conditions.js";
import { beyond, COUNTED, inOrder, listCount, microsOf, type ListCount, type ListOrder, type ListPage } from "./list-place.js";
import { selectSamples, withCopies } from "./samples.js";
import { scanOf, selectScans } from "./scans.js";

/** A filter on samples. All criteria must hold; of a list at least one value. */
export interface SampleCriteria {
  readonly mimes?: readonly string[] | undefined;
  readonly size?: SizeCriteria | undefined;
  readonly firstSeen?: TimeCriteria | undefined;
  /** Lower-case hex. */
  readonly hashes?: readonly string[] | undefined;
  readonly stored?: boolean | undefined;
  /** Of the newest scan. */
  readonly verdicts?: readonly Verdict[] | undefined;
}

/** A sample with its place in lists. */
export interface PlacedSample extends SampleRecord {
  readonly seenMicros: number;
}

function orderOf({ firstSeen }: SampleCriteria): ListOrder {
  return { id: "samples.id", time: "samples.first_seen", byTime: firstSeen !== undefined };
}

function conditionOf({ mimes, size, firstSeen, hashes, stored, verdicts }: SampleCriteria) {
  return all([
    mimeIs("samples.mime", mimes),
    ...sizeWithin("samples.size", size),
    ...timeWithin("samples.first_seen", firstSeen),
    hashIs(hashes),
    stored === undefined ? undefined : stored ? sql<SqlBool>`samples.blob is not null` : sql<SqlBool>`samples.blob is null`,
    verdicts &&
      sql<SqlBool>`samples.id in (
        select sample_id from scans where ${isAnyOf("scans.verdict", "verdict", verdicts)} and ${isFound} and not exists (
          select from scans as later
          where later.sample_id = scans.sample_id and later.id > scans.id and later.origin is distinct from 'CHECK'))`,
  ]);
}

/** A page of the samples that meet the criteria. */
export async function listSamples(db: Database, criteria: SampleCriteria, page: ListPage): Promise<PlacedSample[]> {
  const order = orderOf(criteria);
  const rows = await selectSamples(db)
    .select(microsOf("samples.first_seen").as("seenMicros"))
    .where(all([conditionOf(criteria), beyond(order, page)]))
    .orderBy(inOrder(order, page))
    .limit(sql.lit(page.limit))
    .execute();
  return rows.map((row) => ({ ...withCopies(row), seenMicros: row.seenMicros }));
}

/** How many samples meet the criteria, exactly up to a bound. */
export async function countSamples(db: Database, criteria: SampleCriteria): Promise<ListCount> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from samples where ${conditionOf(criteria)} limit ${sql.lit(COUNTED + 1)}) as counted`.execute(db);
  return listCount(rows[0]?.count ?? 0);
}

/** What the scans of a sample tell about it. */
export interface SampleHistory {
  readonly sampleId: number;
  /** When its newest scan was accepted; null if it was never scanned. */
  readonly lastScan: Date | null;
  /** The distinct names under which it was submitted, the newest first. */
  readonly names: readonly string[];
}

/** How many of the newest scans are searched for names, and the most names. */
const NAMED_SCANS = 1_000;
const NAMES = 20;

export async function readSampleHistories(db: Database, sampleIds: readonly number[]): Promise<SampleHistory[]> {
  const { rows } = await sql<SampleHistory>`
    select sample.id as "sampleId",
      (select start_date from scans where sample_id = sample.id and ${isFound} order by id desc limit 1) as "lastScan",
      array(
        select name from (
          select name, id from scans where sample_id = sample.id and ${isFound} order by id desc limit ${sql.lit(NAMED_SCANS)}) as newest
        group by name order by max(id) desc limit ${sql.lit(NAMES)}) as names
    from unnest(${sampleIds}::bigint[]) as sample (id)`.execute(db);
  return rows;
}

/** The same page of each sample's scans. */
export async function readScansOfSamples(
  db: Database,
  sampleIds: readonly number[],
  page: ListPage,
): Promise<Map<number, ScanRecord[]>> {
  const order: ListOrder = { id: "scans.id", time: "scans.start_date", byTime: false };
  const cut = db.with(
    "scans",
    () => sql<ScansTable>`
      (select page.* from unnest(${sampleIds}::bigint[]) as sample (id), lateral (
        select * from scans where scans.sample_id = sample.id and ${all([isFound, beyond(order, page)])}
        order by ${inOrder(order, page)} limit ${sql.lit(page.limit)}) as page)`,
  );
  const rows = await selectScans(cut).orderBy(inOrder(order, page)).execute();
  const bySample = new Map<number, ScanRecord[]>(sampleIds.map((sampleId) => [sampleId, []]));
  for (const row of rows) bySample.get(row.sampleId)?.push(scanOf(row));
  return bySample;
}

/** How many scans each sample has, exactly up to a bound; in the order of the ids. */
export async function countScansOfSamples(db: Database, sampleIds: readonly number[]): Promise<ListCount[]> {
  const { rows } = await sql<{ count: number }>`
    select (select count(*) from (
      select from scans where sample_id = sample.id and ${isFound} limit ${sql.lit(COUNTED + 1)}) as counted) as count
    from unnest(${sampleIds}::bigint[]) with ordinality as sample (id, place) order by place`.execute(db);
  return rows.map(({ count }) => listCount(count));
}
