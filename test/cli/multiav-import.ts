/** `npm run import-multiav` as a process, and what it leaves. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sql } from "kysely";
import type { Database } from "../../gateway/db/database.js";
import { projectPath } from "../../schema/paths.js";
import { hash } from "./multiav-database.js";

/** Runs the command. */
export async function importFrom(
  source: string,
  into: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = [projectPath("dist", "cli", "import-multiav.js"), source, ...args];
  const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", DATABASE_URL: into };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, command, { env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** All but when it was written. */
export const contents = async (db: Database) => ({
  scans: (await db.selectFrom("scans").selectAll().orderBy("id").execute()).map((scan) => ({ ...scan, changed_in: "" })),
  results: await db.selectFrom("results").selectAll().orderBy("scan_id").orderBy("engine_id").execute(),
  samples: (await db.selectFrom("samples").selectAll().orderBy("id").execute()).length,
});

/** A scan that the mesh has already. */
export async function insertOwnScan(db: Database): Promise<void> {
  await sql`insert into samples (sha256, md5, sha1, size, mime) values (${hash("sha256", "one.exe")}, ${hash("md5", "one.exe")}, ${hash("sha1", "one.exe")}, 1, 'x')`.execute(
    db,
  );
  await sql`
    insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, skipped)
    select id, 'own', 'ALL', false, now(), now(), 'INCONCLUSIVE', '[]' from samples`.execute(db);
}
