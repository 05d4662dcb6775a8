import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { openDatabase, type Database } from "../../gateway/db/database.js";
import { migrate } from "../../gateway/db/migrations.js";

/** A new, empty database in a Postgres, by default the run's; its address. */
export async function createDatabase(server: string = inject("postgresUrl")): Promise<string> {
  const url = new URL(server);
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const admin = new pg.Client({ connectionString: url.toString() });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  return Object.assign(url, { pathname: `/${name}` }).toString();
}

/** A new, migrated database and its end. */
export async function openTestDatabase(server?: string): Promise<{ url: string; db: Database; close(): Promise<void> }> {
  const url = await createDatabase(server);
  const db = openDatabase(url, () => {});
  await migrate(db);
  return { url, db, close: () => db.destroy() };
}
