/** What versions of rulesets hold, and the mistakes in them. */

import { sql } from "kysely";
import type { BundleFile } from "../../schema/bundle.js";
import type { RuleMistake } from "../../schema/rule-job.js";
import type { Database, Tx } from "./database.js";

/** The files of a version, in the order of their paths. */
export async function readRulesetFiles(db: Database | Tx, versionId: number): Promise<BundleFile[]> {
  return (await readFilesOfRulesets(db, [versionId])).get(versionId) ?? [];
}

/** The files of versions, in the order of their paths. */
export async function readFilesOfRulesets(db: Database | Tx, versionIds: readonly number[]): Promise<Map<number, BundleFile[]>> {
  const rows = await db
    .selectFrom("ruleset_files")
    .select(["version_id", "path", "size", "sha256"])
    .where(sql<boolean>`version_id = any(${[...versionIds]}::bigint[])`)
    .orderBy("path")
    .execute();
  const files = new Map<number, BundleFile[]>(versionIds.map((id) => [id, []]));
  for (const { version_id, ...file } of rows) files.get(version_id)?.push(file);
  return files;
}

/** The mistakes that the checks of versions found. */
export async function readMistakes(db: Database, versionIds: readonly number[]): Promise<Map<number, readonly RuleMistake[]>> {
  const rows = await db
    .selectFrom("ruleset_versions")
    .select(["id", "mistakes"])
    .where(sql<boolean>`id = any(${[...versionIds]}::bigint[])`)
    .execute();
  return new Map(rows.map(({ id, mistakes }) => [id, mistakes ?? []]));
}
