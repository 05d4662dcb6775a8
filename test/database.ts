import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { migrate, openDatabase, type Database } from "../gateway/db/database.js";

/** A new, empty database in the run's Postgres; its address. */
export async function createDatabase(): Promise<string> {
  const url = new URL(inject("postgresUrl"));
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const admin = new pg.Client({ connectionString: url.toString() });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  return Object.assign(url, { pathname: `/${name}` }).toString();
}

/** A new, migrated database and its end. */
export async function openTestDatabase(): Promise<{ url: string; db: Database; close(): Promise<void> }> {
  const url = await createDatabase();
  const db = openDatabase(url, () => {});
  await migrate(db);
  return { url, db, close: () => db.destroy() };
}
