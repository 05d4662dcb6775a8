import { sql } from "kysely";
import type { BundleFile, BundleKind } from "../../schema/bundle.js";
import type { Database, Tx } from "./database.js";
import { elements } from "./prepared.js";

/** A bundle as it is listed. */
export interface BundleRecord {
  readonly id: number;
  readonly engineId: number;
  readonly engine: string;
  /** Whether its engine is of the class internet. */
  readonly internet: boolean;
  readonly set: string;
  readonly sequence: number;
  readonly kind: BundleKind;
  readonly digest: string;
  readonly signature: Buffer;
  readonly version: string | null;
  /** When the content was made. */
  readonly date: Date | null;
  /** Bytes of all files. */
  readonly size: number;
  readonly fileCount: number;
  readonly source: string;
  readonly createdAt: Date;
  /** Name of the key that published it; null if a fetcher did, or somebody without a key. */
  readonly createdBy: string | null;
  readonly removedAt: Date | null;
}

/** A bundle to insert. */
export type NewBundle = Pick<
  BundleRecord,
  "engineId" | "set" | "sequence" | "kind" | "digest" | "signature" | "version" | "date" | "source"
> & { readonly files: readonly BundleFile[]; readonly keyId: string | null; readonly fetched: boolean };

/** How many bundles of a set are kept in addition to those in use. */
export const KEPT_BUNDLES = 2;

function selectBundles(db: Database | Tx) {
  return db
    .selectFrom("bundles as bundle")
    .innerJoin("engines as engine", "engine.id", "bundle.engine_id")
    .leftJoin("api_keys as key", "key.id", "bundle.key_id")
    .select([
      "bundle.id",
      "bundle.engine_id as engineId",
      "engine.name as engine",
      "engine.internet",
      "bundle.set_name as set",
      "bundle.sequence",
      "bundle.kind",
      "bundle.digest",
      "bundle.signature",
      "bundle.version",
      "bundle.made_at as date",
      "bundle.size",
      "bundle.file_count as fileCount",
      "bundle.source",
      "bundle.created_at as createdAt",
      "key.name as createdBy",
      "bundle.removed_at as removedAt",
    ]);
}

/** Locks the list of bundles for changes: nothing else is published or removed until the transaction ends. */
export async function lockBundles(tx: Tx): Promise<void> {
  await sql`lock table bundles in share row exclusive mode`.execute(tx);
}

/** A filter on bundles; undefined criteria match everything. */
export interface BundleCriteria {
  readonly engine?: string | undefined;
  readonly set?: string | undefined;
  /** Whether to include bundles whose files are gone. */
  readonly removed: boolean;
}

/** A page of bundles, the newest first. */
export async function listBundles(
  db: Database,
  { engine, set, removed }: BundleCriteria,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<BundleRecord[]> {
  let query = selectBundles(db).orderBy("bundle.id", "desc").limit(limit);
  if (engine !== undefined) query = query.where(sql<boolean>`lower(engine.name) = lower(${engine})`);
  if (set !== undefined) query = query.where("bundle.set_name", "=", set);
  if (!removed) query = query.where("bundle.removed_at", "is", null);
  if (after !== undefined) query = query.where("bundle.id", "<", after);
  return query.execute();
}

/** A bundle by its id or its digest. */
export async function findBundle(db: Database | Tx, by: { id: number } | { digest: string }): Promise<BundleRecord | undefined> {
  const query = selectBundles(db);
  return ("id" in by ? query.where("bundle.id", "=", by.id) : query.where("bundle.digest", "=", by.digest)).executeTakeFirst();
}

/** The newest bundle of a set, even if its files are gone. */
export async function newestBundle(db: Database | Tx, engineId: number, set: string): Promise<BundleRecord | undefined> {
  return selectBundles(db)
    .where("bundle.engine_id", "=", engineId)
    .where("bundle.set_name", "=", set)
    .orderBy("bundle.sequence", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Locks a bundle until the transaction ends; undefined if its files are gone or it does not exist. */
export async function holdBundle(tx: Tx, id: number): Promise<BundleRecord | undefined> {
  const held = await tx
    .selectFrom("bundles")
    .select("id")
    .where("id", "=", id)
    .where("removed_at", "is", null)
    .forShare()
    .executeTakeFirst();
  return held && findBundle(tx, { id });
}

/** The files of a bundle, in the order of their paths. */
export async function readBundleFiles(db: Database | Tx, id: number): Promise<BundleFile[]> {
  return db.selectFrom("bundle_files").select(["path", "size", "sha256"]).where("bundle_id", "=", id).orderBy("path").execute();
}

/** The sets of an engine that have bundles. */
export async function readSets(db: Database | Tx, engineId: number): Promise<string[]> {
  const rows = await db.selectFrom("bundles").select("set_name").distinct().where("engine_id", "=", engineId).execute();
  return rows.map(({ set_name }) => set_name);
}

/** Which of these paths a bundle of another set of the engine has, ignoring case. */
export async function findClashes(
  tx: Database | Tx,
  { engineId, set }: { engineId: number; set: string },
  paths: readonly string[],
): Promise<{ path: string; set: string }[]> {
  const { rows } = await sql<{ path: string; set: string }>`
    select distinct file.path, bundle.set_name as set from bundle_files file
    join bundles bundle on bundle.id = file.bundle_id
    where bundle.engine_id = ${engineId} and bundle.set_name <> ${set} and bundle.removed_at is null
      and lower(file.path) = any(${elements(
        paths.map((path) => path.toLowerCase()),
        "text",
      )})
    order by file.path limit 1`.execute(tx);
  return rows;
}

export async function insertBundle(tx: Tx, bundle: NewBundle): Promise<number> {
  const { engineId, set, files, keyId, date, ...row } = bundle;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const { id } = await tx
    .insertInto("bundles")
    .values({ ...row, engine_id: engineId, set_name: set, made_at: date, key_id: keyId, size, file_count: files.length })
    .returning("id")
    .executeTakeFirstOrThrow();
  const column = (of: (file: BundleFile) => string | number, type: "text" | "bigint") => elements(files.map(of), type);
  await sql`
    insert into bundle_files (bundle_id, path, sha256, size)
    select ${id}, path, sha256, size
    from unnest(${column(({ path }) => path, "text")}, ${column(({ sha256 }) => sha256, "text")},
      ${column(({ size: bytes }) => bytes, "bigint")}) as file (path, sha256, size)`.execute(tx);
  return id;
}

/** A bundle's files are needed by a host that is to serve it, or by an open update. */
const isNeeded = sql<boolean>`(
  exists (select from engine_targets where bundle_id = bundles.id)
  or exists (select from engine_updates where state in ('PENDING', 'CANARY', 'ROLLING', 'HELD') and bundles.id in (from_bundle, to_bundle)))`;

/** The bundle of the last finished update, for new hosts, and the one before, to go back to. */
const isLastOrBefore = sql<boolean>`exists (
  select from (
    select done.to_bundle from engine_updates as done
    where done.engine_id = bundles.engine_id and done.set_name = bundles.set_name and done.state = 'DONE'
    order by done.id desc limit 1) as last
  left join lateral (
    select done.from_bundle from engine_updates as done
    where done.engine_id = bundles.engine_id and done.set_name = bundles.set_name and done.state = 'DONE'
      and done.cause <> 'ROLLBACK' and done.to_bundle = last.to_bundle
    order by done.id desc limit 1) as earlier on true
  where bundles.id in (last.to_bundle, earlier.from_bundle))`;

const isOfRemovedEngine = sql<boolean>`exists (select from engines where engines.id = bundles.engine_id and engines.forgotten)`;

/** Whether a bundle is served or is going to be. */
export async function isBundleNeeded(tx: Tx, id: number): Promise<boolean> {
  const { rows } = await sql<{ needed: boolean }>`select ${isNeeded} as needed from bundles where id = ${id}`.execute(tx);
  return rows[0]?.needed ?? false;
}

/** Notes that the files of a bundle are not kept any more. */
export async function markRemoved(tx: Tx, id: number): Promise<void> {
  await tx
    .updateTable("bundles")
    .set({ removed_at: sql<Date>`now()` })
    .where("id", "=", id)
    .where("removed_at", "is", null)
    .execute();
}

/**
 * Marks old bundles as removed and returns their number. Kept are the newest bundles of each set, those in use, the last update's and the
 * one before. Of a removed engine only bundles in use are kept.
 */
export async function removeOldBundles(tx: Tx): Promise<number> {
  // Others lock a bundle to make it a target, so the second statement sees what they did.
  const { rows } = await sql<{ id: number }>`
    select id from bundles where removed_at is null and not ${isNeeded} and (${isOfRemovedEngine} or not ${isLastOrBefore}
      and (select count(*) from bundles newer where newer.engine_id = bundles.engine_id and newer.set_name = bundles.set_name
        and newer.removed_at is null and newer.sequence > bundles.sequence) >= ${KEPT_BUNDLES})
    for update`.execute(tx);
  const old = rows.map(({ id }) => id);
  if (old.length === 0) return 0;
  const removed = await tx
    .updateTable("bundles")
    .set({ removed_at: sql<Date>`now()` })
    .where("id", "in", old)
    .where(sql<boolean>`not ${isNeeded} and (${isOfRemovedEngine} or not ${isLastOrBefore})`)
    .executeTakeFirst();
  return Number(removed.numUpdatedRows);
}

/** Which of these files and manifests a bundle of the class has or had. */
export async function readKnownFiles(db: Database | Tx, sha256s: readonly string[], internet: boolean): Promise<Set<string>> {
  const wanted = elements(sha256s, "text");
  const { rows } = await sql<{ sha256: string }>`
    select file.sha256 from bundle_files file join bundles bundle on bundle.id = file.bundle_id
    join engines engine on engine.id = bundle.engine_id where engine.internet = ${internet} and file.sha256 = any(${wanted})
    union select bundle.digest from bundles bundle join engines engine on engine.id = bundle.engine_id
    where engine.internet = ${internet} and bundle.digest = any(${wanted})
    union select unnest(array[version.digest, file.sha256]) from ruleset_versions version
    join ruleset_files file on file.version_id = version.id join engines engine on engine.id = version.engine_id
    where engine.internet = ${internet} and (file.sha256 = any(${wanted}) or version.digest = any(${wanted}))`.execute(db);
  return new Set(rows.map(({ sha256 }) => sha256));
}

/** The size of a file of any bundle or ruleset; null for a manifest. Undefined if nothing has it. */
export async function findFileSize(db: Database | Tx, sha256: string): Promise<number | null | undefined> {
  const { rows } = await sql<{ size: number | null }>`
    (select size from bundle_files where sha256 = ${sha256} limit 1) union all
    (select size from ruleset_files where sha256 = ${sha256} limit 1) union all
    select null from bundles where digest = ${sha256} union all
    select null from ruleset_versions where digest = ${sha256}`.execute(db);
  return rows[0]?.size;
}

/** Files and manifests, by sha256, that the bundles and rulesets of a class keep on the bus. */
export async function readKeptFiles(db: Database | Tx, internet: boolean): Promise<Set<string>> {
  const { rows } = await sql<{ sha256: string }>`
    select file.sha256 from bundles bundle join engines engine on engine.id = bundle.engine_id
    join bundle_files file on file.bundle_id = bundle.id
    where engine.internet = ${internet} and bundle.removed_at is null
    union select bundle.digest from bundles bundle join engines engine on engine.id = bundle.engine_id
    where engine.internet = ${internet} and bundle.removed_at is null
    union select unnest(array[version.digest, file.sha256]) from ruleset_versions version
    join ruleset_files file on file.version_id = version.id join engines engine on engine.id = version.engine_id
    where engine.internet = ${internet} and version.removed_at is null`.execute(db);
  return new Set(rows.map(({ sha256 }) => sha256));
}
