import { sql } from "kysely";
import type { BundleFile } from "../../schema/bundle.js";
import type { RuleJobState, RuleMistake, RulesetState } from "../../schema/rule-job.js";
import type { Database, Tx } from "./database.js";
import type { UpdateRecord } from "./engine-updates.js";
import { elements } from "./prepared.js";

/** A version of a ruleset as it is listed. */
export interface RulesetVersionRecord {
  readonly id: number;
  readonly engineId: number;
  readonly engine: string;
  /** Whether its engine is of the class internet. */
  readonly internet: boolean;
  readonly name: string;
  readonly number: number;
  readonly digest: string;
  readonly comment: string;
  /** Bytes of all files. */
  readonly size: number;
  readonly fileCount: number;
  readonly state: RulesetState;
  /** How many rules it has; null before it was checked. */
  readonly rules: number | null;
  /** How many further mistakes were found and not stored. */
  readonly mistakesOmitted: number;
  readonly createdAt: Date;
  /** Name of the key that sent it; null if it was sent without a key. */
  readonly createdBy: string | null;
  readonly checkedAt: Date | null;
  readonly removedAt: Date | null;
  /** The bundles made of it, the newest first. */
  readonly bundles: readonly { readonly id: number; readonly digest: string; readonly isKept: boolean }[];
  /** Its last check, and its last try. */
  readonly check: RulesetJobRecord | null;
  readonly tried: RulesetJobRecord | null;
}

/** A ruleset with all of its versions. */
export interface RulesetRecord {
  readonly engine: string;
  readonly name: string;
  /** The number of the version that hosts are to serve; null if none. */
  readonly serves: number | null;
  /** The open update. */
  readonly update: UpdateRecord | null;
  /** The newest first. */
  readonly versions: readonly RulesetVersionRecord[];
}

/** A host's job for a version, as shown to people. */
export interface RulesetJobRecord {
  readonly jobId: number;
  readonly agent: string | null;
  readonly state: RuleJobState;
  readonly reason: string | null;
  readonly done: number;
  readonly total: number;
  readonly matched: number;
  readonly unfinished: number;
  readonly gone: number;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** A version to insert. */
export interface NewRulesetVersion extends Pick<RulesetVersionRecord, "engineId" | "name" | "number" | "digest" | "comment"> {
  readonly files: readonly BundleFile[];
  readonly keyId: string | null;
}

/** How many versions of each ruleset keep their files, and how many are listed, in addition to those that hosts serve. */
export const KEPT_VERSIONS = 10;
const LISTED_VERSIONS = 50;

const TIME_KEYS = ["createdAt", "endedAt"] as const;

function lastJob(kind: "CHECK" | "TRY") {
  return sql<RulesetJobRecord | null>`(
    select jsonb_build_object('jobId', id, 'agent', agent, 'state', state, 'reason', reason, 'done', done, 'total', total,
      'matched', matched, 'unfinished', unfinished, 'gone', gone, 'createdAt', created_at, 'endedAt', ended_at)
    from ruleset_jobs where version_id = version.id and kind = ${sql.lit(kind)} order by id desc limit 1)`;
}

function selectVersions(db: Database | Tx) {
  return db
    .selectFrom("ruleset_versions as version")
    .innerJoin("engines as engine", "engine.id", "version.engine_id")
    .leftJoin("api_keys as key", "key.id", "version.key_id")
    .select([
      "version.id",
      "version.engine_id as engineId",
      "engine.name as engine",
      "engine.internet",
      "version.set_name as name",
      "version.number",
      "version.digest",
      "version.comment",
      "version.size",
      sql<number>`(select count(*) from ruleset_files where version_id = version.id)`.as("fileCount"),
      "version.state",
      "version.rules",
      "version.omitted as mistakesOmitted",
      "version.created_at as createdAt",
      "key.name as createdBy",
      "version.checked_at as checkedAt",
      "version.removed_at as removedAt",
      sql<RulesetVersionRecord["bundles"]>`coalesce((
        select jsonb_agg(jsonb_build_object('id', id, 'digest', digest, 'isKept', removed_at is null) order by id desc)
        from bundles where ruleset_version = version.id), '[]')`.as("bundles"),
      lastJob("CHECK").as("check"),
      lastJob("TRY").as("tried"),
    ]);
}

/** JSON has no dates. */
function dated(row: RulesetVersionRecord): RulesetVersionRecord {
  const job = (one: RulesetJobRecord | null) =>
    one && { ...one, ...Object.fromEntries(TIME_KEYS.map((key) => [key, one[key] === null ? null : new Date(one[key])])) };
  return { ...row, check: job(row.check), tried: job(row.tried) };
}

/** All versions of all rulesets, the newest first. */
export async function listRulesetVersions(db: Database | Tx): Promise<RulesetVersionRecord[]> {
  const rows = await selectVersions(db).orderBy("version.id", "desc").execute();
  return rows.map(dated);
}

/** With `lock`, nobody else can start anything with it until the transaction ends. */
export async function findRulesetVersion(
  db: Database | Tx,
  id: number,
  { lock = false } = {},
): Promise<RulesetVersionRecord | undefined> {
  if (lock) await db.selectFrom("ruleset_versions").select("id").where("id", "=", id).forUpdate().execute();
  const row = await selectVersions(db).where("version.id", "=", id).executeTakeFirst();
  return row && dated(row);
}

/** The newest version of a ruleset, even if its files are gone. */
export async function newestRulesetVersion(
  db: Database | Tx,
  engineId: number,
  name: string,
): Promise<RulesetVersionRecord | undefined> {
  const row = await selectVersions(db)
    .where("version.engine_id", "=", engineId)
    .where("version.set_name", "=", name)
    .orderBy("version.number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && dated(row);
}

/** The last number of a ruleset's versions, including deleted ones, because audits and bundles refer to them. */
export async function lastRulesetNumber(db: Database | Tx, engineId: number, name: string): Promise<number> {
  const row = await db
    .selectFrom("ruleset_numbers")
    .select("last")
    .where("engine_id", "=", engineId)
    .where("set_name", "=", name)
    .executeTakeFirst();
  return row?.last ?? 0;
}

/** The rulesets of an engine. */
export async function readRulesetNames(db: Database | Tx, engineId: number): Promise<string[]> {
  const rows = await db.selectFrom("ruleset_versions").select("set_name").distinct().where("engine_id", "=", engineId).execute();
  return rows.map(({ set_name }) => set_name);
}

/** Whether a fetcher provides the bundles of a set. */
export async function isFetched(db: Database | Tx, engineId: number, set: string): Promise<boolean> {
  const row = await db
    .selectFrom("fetch_jobs")
    .select("job")
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether a set has bundles that were sent directly and not made from a ruleset. */
export async function isSentAsBundles(db: Database | Tx, engineId: number, set: string): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`select exists (select from bundles
    where engine_id = ${engineId} and set_name = ${set} and removed_at is null and ruleset_version is null)
    and not exists (select from ruleset_numbers where engine_id = ${engineId} and set_name = ${set}) as is`.execute(db);
  return rows[0]?.is === true;
}

/** Inserts a version with its files and schedules its check. Returns its id. */
export async function insertRulesetVersion(tx: Tx, version: NewRulesetVersion): Promise<number> {
  const { engineId, name, files, keyId, ...row } = version;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const { id } = await tx
    .insertInto("ruleset_versions")
    .values({ ...row, engine_id: engineId, set_name: name, key_id: keyId, size })
    .returning("id")
    .executeTakeFirstOrThrow();
  await tx
    .insertInto("ruleset_numbers")
    .values({ engine_id: engineId, set_name: name, last: row.number })
    .onConflict((known) => known.columns(["engine_id", "set_name"]).doUpdateSet({ last: row.number }))
    .execute();
  const column = (of: (file: BundleFile) => string | number, type: "text" | "bigint") => elements(files.map(of), type);
  await sql`
    insert into ruleset_files (version_id, path, sha256, size)
    select ${id}, path, sha256, size
    from unnest(${column(({ path }) => path, "text")}, ${column(({ sha256 }) => sha256, "text")},
      ${column(({ size: bytes }) => bytes, "bigint")}) as file (path, sha256, size)`.execute(tx);
  await tx.insertInto("ruleset_jobs").values({ version_id: id, kind: "CHECK" }).execute();
  return id;
}

/** The outcome of a check. */
export interface CheckFound {
  readonly rules: number;
  readonly mistakes: readonly RuleMistake[];
  readonly omitted: number;
}

export async function recordCheck(tx: Tx, versionId: number, { rules, mistakes, omitted }: CheckFound): Promise<void> {
  const state = mistakes.some(({ severity }) => severity === "ERROR") ? "INVALID" : "READY";
  await tx
    .updateTable("ruleset_versions")
    .set({ state, rules, omitted, mistakes: JSON.stringify(mistakes), checked_at: sql`now()` })
    .where("id", "=", versionId)
    .execute();
}

/** Notes from which version a bundle was made. */
export async function noteRulesetBundle(db: Database | Tx, bundleId: number, versionId: number): Promise<void> {
  await db.updateTable("bundles").set({ ruleset_version: versionId }).where("id", "=", bundleId).execute();
}

export async function deleteRulesetVersion(tx: Tx, versionId: number): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("ruleset_versions").where("id", "=", versionId).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** The number of newer versions of the same ruleset. */
const newer = sql<number>`(select count(*) from ruleset_versions other where other.engine_id = version.engine_id
  and other.set_name = version.set_name and other.number > version.number)`;

/** Removes the files of old versions, and later the versions themselves, unless a bundle made from one is kept or it has an open job. */
export async function removeOldRulesetVersions(tx: Tx): Promise<void> {
  const isFree = sql`not exists (select from bundles where ruleset_version = version.id and removed_at is null)
    and not exists (select from ruleset_jobs where version_id = version.id and ended_at is null)`;
  // Others lock a version to start something with it, so the statements below see what they did.
  const { rows } = await sql<{ id: number }>`select id from ruleset_versions as version
    where ${isFree} and (removed_at is null and ${newer} >= ${KEPT_VERSIONS} or ${newer} >= ${LISTED_VERSIONS})
    order by id for update`.execute(tx);
  if (rows.length === 0) return;
  const old = elements(
    rows.map(({ id }) => id),
    "bigint",
  );
  await sql`update ruleset_versions as version set removed_at = now()
    where id = any(${old}) and removed_at is null and ${isFree}`.execute(tx);
  await sql`delete from ruleset_versions as version
    where id = any(${old}) and ${isFree} and ${newer} >= ${LISTED_VERSIONS}`.execute(tx);
}
