import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { ScanRecord } from "../../schema/reports.js";
import type { Database } from "./database.js";
import { all, any, hashIs, isFound, literally, type Condition } from "./list-conditions.js";
import { COUNTED, listCount, type ListCount } from "./list-place.js";
import { INDEXED_NAME, indexedParts } from "./name-index.js";
import { readScansById } from "./scans.js";

/** Search terms; a scan is found if any of them matches. */
export interface SearchTerms {
  readonly scanIds: readonly number[];
  /** Lower-case hex. */
  readonly hashes: readonly string[];
  /** Names in any case; `*` matches any text. */
  readonly names: readonly string[];
}

/** A page of the scans that match, the newest first, beginning after the scan `after`. */
export async function searchScans(
  db: Database,
  terms: SearchTerms,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<ScanRecord[]> {
  const { rows } = await sql<{ id: number }>`
    select id from (${found(terms, limit, after)}) as found order by id desc limit ${limit}`.execute(db);
  const scans = await readScansById(
    db,
    rows.map(({ id }) => id),
  );
  return scans.toReversed();
}

/** How many scans match, exactly up to a bound. */
export async function countFound(db: Database, terms: SearchTerms): Promise<ListCount> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (select id from (${found(terms, COUNTED + 1)}) as found limit ${COUNTED + 1}) as counted`.execute(
    db,
  );
  return listCount(rows[0]?.count ?? 0);
}

/** Each kind of term has its own index and yields its newest scans. A single condition for all would read every scan. */
function found({ scanIds, hashes, names }: SearchTerms, limit: number, after?: number): RawBuilder<unknown> {
  const before = after === undefined ? undefined : sql<SqlBool>`scans.id < ${after}`;
  const newest = sql`order by scans.id desc limit ${limit}`;
  const way = (condition: Condition) => sql`(select scans.id from scans where ${all([condition, isFound, before])} ${newest})`;
  const byHash = hashIs(hashes);
  return sql.join(
    [
      way(sql<SqlBool>`scans.id = any(${[...scanIds]}::bigint[])`),
      ...(hashes.length > 0 && byHash
        ? [
            sql`(select scans.id from samples join scans on scans.sample_id = samples.id where ${all([byHash, isFound, before])} ${newest})`,
          ]
        : []),
      ...(names.length > 0 ? [way(any(names.map(nameIs)))] : []),
    ],
    sql` union `,
  );
}

function nameIs(name: string): Condition {
  const [beginning = ""] = name.split("*");
  const matches = sql<SqlBool>`scans.name ilike ${name.split("*").map(literally).join("%")}`;
  if (beginning === "") return matches;
  return all([any(indexedParts(beginning).map((part) => sql<SqlBool>`${INDEXED_NAME} like ${`${literally(part)}%`}`)), matches]);
}
