import { sql } from "kysely";
import { hashName, type HashName } from "../../schema/hashes.js";
import type { Database } from "./database.js";
import { isFound } from "./list-conditions.js";
import { INDEXED_NAME, indexedPart } from "./name-index.js";
import { writtenForms } from "./written-forms.js";

/** What to search for: scans with any of these hashes or names. */
export interface Search {
  readonly hashes: readonly string[];
  /** Whole names. */
  readonly names: readonly string[];
  /** Names in which `%` matches any text. */
  readonly patterns: readonly string[];
}

/** Sorts the terms of a search. A hash can also be a name. Empty terms, and terms that no row can contain, find nothing. */
export function searchFor(terms: readonly string[]): Search {
  const wanted = [...new Set(terms.flatMap(writtenForms))].filter((term) => !term.includes("\0"));
  return {
    hashes: wanted.filter((term) => hashName(term) !== undefined).map((hash) => hash.toLowerCase()),
    names: wanted.filter((term) => !term.includes("%")),
    patterns: wanted.filter((term) => term.includes("%")),
  };
}

/** A page of the ids of matching scans, ascending. Each kind of term yields its first ones, in order. */
export async function findScanIds(db: Database, search: Search, page: { after: number; limit: number }): Promise<number[]> {
  const { after, limit } = page;
  const end = sql`order by scans.id limit ${limit}`;
  const byHash = (column: HashName) => sql`
    (select scans.id from samples join scans on scans.sample_id = samples.id
     where ${sql.ref(`samples.${column}`)} = any(${search.hashes.filter((hash) => hashName(hash) === column)}::text[]) and ${isFound} and scans.id > ${after} ${end})`;
  const likes = search.patterns.map((pattern) => sql`(${INDEXED_NAME} like ${head(pattern)} and name like ${escaped(pattern)})`);
  const { rows } = await sql<{ id: number }>`
    select id from (
      ${byHash("sha256")} union ${byHash("sha1")} union ${byHash("md5")} union
      (select scans.id from scans
       where ${INDEXED_NAME} = any(${search.names.map(indexedPart)}::text[])
         and name = any(${[...search.names]}::text[]) and ${isFound} and scans.id > ${after} ${end}) union
      (select scans.id from scans where (${likes.length > 0 ? sql.join(likes, sql` or `) : sql`false`}) and ${isFound} and scans.id > ${after} ${end})
    ) as found order by id limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Only `%` is a wildcard; `_` is literal, because file names contain it. */
function escaped(pattern: string): string {
  return pattern.replace(/[\\_]/g, "\\$&");
}

/** The condition that a pattern puts on the indexed part of a name. */
function head(pattern: string): string {
  const prefix = pattern.slice(0, pattern.indexOf("%"));
  return `${escaped(indexedPart(prefix))}%`;
}
