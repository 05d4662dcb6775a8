import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { openDatabase, type Database } from "../../gateway/db/database.js";
import { migrate } from "../../gateway/db/migrations.js";

/** A new database in a Postgres, by default the run's, empty or a copy of another; its address. */
export async function createDatabase(server: string = inject("postgresUrl"), template = "template1"): Promise<string> {
  const url = new URL(server);
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const admin = new pg.Client({ connectionString: url.toString() });
  await admin.connect();
  await admin.query(`create database ${name} template ${template}`);
  await admin.end();
  return Object.assign(url, { pathname: `/${name}` }).toString();
}

/** A new, migrated database and its end. */
export async function openTestDatabase(server?: string): Promise<{ url: string; db: Database; close(): Promise<void> }> {
  const url = await (server === undefined ? createDatabase(undefined, inject("migratedDatabase")) : createDatabase(server));
  const db = openDatabase(url, () => {});
  if (server !== undefined) await migrate(db);
  return { url, db, close: () => db.destroy() };
}
