import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { projectPath } from "../../schema/paths.js";
import type { Database } from "./database.js";

/** An index that only makes lists faster. */
export interface ListIndex {
  readonly name: string;
  /** `create index concurrently …` */
  readonly statement: string;
}

const folder = projectPath("migrations", "indexes");

/** The indexes of `migrations/indexes/`. */
export async function readListIndexes(): Promise<ListIndex[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).toSorted();
  const read = async (file: string) => ({
    name: file.replace(/\.sql$/, ""),
    statement: await readFile(`${folder}/${file}`, "utf8"),
  });
  return Promise.all(files.map(read));
}

/** Indexes that are missing, or left invalid by an interrupted build. */
export async function findMissing(db: Database, indexes: readonly ListIndex[]): Promise<ListIndex[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_index join pg_class on pg_class.oid = indexrelid
    where indisvalid and relnamespace = current_schema()::regnamespace
      and relname = any(${indexes.map(({ name }) => name)}::text[])`.execute(db);
  const built = new Set(rows.map(({ name }) => name));
  return indexes.filter(({ name }) => !built.has(name));
}

const LOCK = sql`hashtext('scanmesh'), hashtext('list indexes')`;

/**
 * Builds an index on this connection while its table stays in use. Returns false if another gateway is building. Nobody may wait for the
 * lock, because a build waits for all statements that began before it.
 */
export async function buildIndex(connection: Database, index: ListIndex): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_lock(${LOCK}) as locked`.execute(connection);
  if (rows[0]?.locked !== true) return false;
  try {
    // Another gateway may have built it meanwhile.
    if ((await findMissing(connection, [index])).length === 0) return true;
    await sql`drop index concurrently if exists ${sql.id(index.name)}`.execute(connection);
    await sql.raw(index.statement).execute(connection);
    return true;
  } finally {
    await sql`select pg_advisory_unlock(${LOCK})`.execute(connection);
  }
}

/** Builds all missing indexes, for a database that is not in use yet. */
export async function buildIndexes(db: Database): Promise<void> {
  const missing = await findMissing(db, await readListIndexes());
  for (const index of missing) await db.connection().execute((connection) => buildIndex(connection, index));
}
