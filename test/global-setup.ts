import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import pg from "pg";
import { openDatabase } from "../gateway/db/database.js";
import { buildIndexes } from "../gateway/db/indexes.js";
import { migrate } from "../gateway/db/migrations.js";
import { projectPath } from "../schema/paths.js";
import { ensureBuild } from "../standalone/install.mjs";
import { makeKeys } from "../standalone/keys.js";
import { startPostgres } from "../standalone/postgres.js";
import { createProgress } from "../standalone/progress.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** A real Postgres in which every mesh test makes its own database. */
    readonly postgresUrl: string;
    /** The name of a migrated database in it, to copy: to migrate each test's own takes longer. */
    readonly migratedDatabase: string;
    /** Folder of NATS keys that every mesh test may use. */
    readonly keysDir: string;
  }
}

/** Builds what mesh tests run as processes, and starts the one Postgres of the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensureBuild(projectPath(), createProgress(process.stderr), { pages: true });
  const folder = mkdtempSync(join(tmpdir(), "scanmesh-tests-"));
  chmodSync(folder, 0o755);
  const postgres = await startPostgres({ dir: join(folder, "postgres") });
  await makeKeys(join(folder, "keys"));
  project.provide("postgresUrl", postgres.url);
  project.provide("migratedDatabase", await makeMigratedDatabase(postgres.url));
  project.provide("keysDir", join(folder, "keys"));
  return async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

async function makeMigratedDatabase(server: string): Promise<string> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  // It ends with the run: a test that kills a Postgres has one of its own.
  await admin.query("alter system set fsync = off");
  await admin.query("select pg_reload_conf()");
  await admin.query("create database migrated");
  await admin.end();
  const db = openDatabase(Object.assign(new URL(server), { pathname: "/migrated" }).toString(), () => {});
  await migrate(db);
  await buildIndexes(db);
  // A database with connections cannot be copied.
  await db.destroy();
  return "migrated";
}
