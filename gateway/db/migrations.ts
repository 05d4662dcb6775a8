import { readdir, readFile } from "node:fs/promises";
import { Migrator, sql, type Kysely, type Migration } from "kysely";
import { projectPath } from "../../schema/paths.js";
import { retryDeadlock, type Database } from "./database.js";

const folder = projectPath("migrations");

async function readMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  const migrations = names.map(async (name) => {
    const text = await readFile(`${folder}/${name}`, "utf8");
    const up = async (db: Kysely<unknown>) => void (await sql.raw(text).execute(db));
    return [name.replace(/\.sql$/, ""), { up }] as const;
  });
  return Object.fromEntries(await Promise.all(migrations));
}

function migrator(db: Database): Migrator {
  return new Migrator({ db, provider: { getMigrations: readMigrations } });
}

/**
 * Applies the missing migrations, all or none, and returns their names. Gateways that start together take turns. Gateways of the previous
 * version may still be working, so a deadlock with one is retried.
 */
export function migrate(db: Database): Promise<string[]> {
  return retryDeadlock(async () => {
    const { error, results } = await migrator(db).migrateToLatest();
    if (error) throw error;
    return (results ?? []).map(({ migrationName }) => migrationName);
  });
}

const READ_ONLY =
  "Postgres takes no changes: it is a standby, or its default_transaction_read_only is on. Point DATABASE_URL at the primary.";

/** Why the database cannot serve requests, or undefined if it can. */
export async function databaseProblem(db: Database): Promise<string | undefined> {
  try {
    const migrations = await migrator(db).getMigrations();
    const missing = migrations.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
    if (missing.length > 0) return `migrations are missing: ${missing.join(", ")}`;
    const { rows } = await sql<{
      readOnly: boolean;
    }>`select current_setting('transaction_read_only') = 'on' as "readOnly"`.execute(db);
    return rows[0]?.readOnly ? READ_ONLY : undefined;
  } catch (error) {
    return `Cannot reach Postgres: ${error instanceof Error ? error.message : String(error)}`;
  }
}
