/** Files of bundles that are being uploaded to the bus or removed from it. No file is ever both. */

import { sql } from "kysely";
import type { Database, Tx } from "./database.js";
import { elements } from "./prepared.js";

/** A file that an upload sends or names, and the most bytes it may have. */
export interface ComingFile {
  readonly sha256: string;
  readonly bytes: number;
}

/** What an upload has used up so far. */
export interface UploadUse {
  readonly files: number;
  readonly bytes: number;
}

const LOCK = sql`hashtext('scanmesh'), hashtext('bundle files')`;
/** After this time, a gateway that marked files for removal is considered dead. */
const LEFT = sql`interval '2 minutes'`;

/** Holds an upload's files. From the commit until the upload ends, they are not removed. */
export async function holdFiles(tx: Tx, tokenHash: string, files: readonly ComingFile[]): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(tx);
  const sha256s = elements(
    files.map(({ sha256 }) => sha256),
    "text",
  );
  const bytes = elements(
    files.map((file) => file.bytes),
    "bigint",
  );
  await sql`
    insert into bundle_upload_files (token_hash, sha256, bytes)
    select distinct on (sha256) ${tokenHash}, sha256, bytes from unnest(${sha256s}, ${bytes}) as file (sha256, bytes)
    on conflict (token_hash, sha256) do update set bytes = excluded.bytes`.execute(tx);
}

/** What an upload has used up, apart from one file. */
export async function readUploadUse(tx: Tx, tokenHash: string, besides: string): Promise<UploadUse> {
  const { rows } = await sql<UploadUse>`
    select count(*) as files, coalesce(sum(bytes), 0)::bigint as bytes from bundle_upload_files
    where token_hash = ${tokenHash} and sha256 <> ${besides}`.execute(tx);
  return rows[0] ?? { files: 0, bytes: 0 };
}

/** Whether some of these files are being removed. */
export async function areRemoved(db: Database, internet: boolean, sha256s: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from bundle_removals where internet = ${internet} and sha256 = any(${elements(sha256s, "text")})) as found`.execute(
    db,
  );
  return rows[0]?.found ?? false;
}

/** Which of these files an open upload holds, and which are named only by uploads that have ended. */
export async function readComing(
  db: Database | Tx,
  internet: boolean,
  sha256s: readonly string[],
): Promise<{ held: Set<string>; left: Set<string> }> {
  const { rows } = await sql<{ sha256: string; held: boolean }>`
    select file.sha256, bool_or(upload.expires_at > now() and upload.bundle_id is null and upload.ruleset_version is null) as held
    from bundle_upload_files as file join bundle_uploads as upload on upload.token_hash = file.token_hash
    join engines on engines.id = upload.engine_id
    where engines.internet = ${internet} and file.sha256 = any(${elements(sha256s, "text")}) group by file.sha256`.execute(db);
  const named = (held: boolean) => new Set(rows.filter((row) => row.held === held).map(({ sha256 }) => sha256));
  return { held: named(true), left: named(false) };
}

/** Prevents files from being held until the transaction ends. */
export async function lockHeldFiles(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
}

/** Marks files for removal and returns those that this caller is to remove. Files that another gateway is removing are left out. */
export async function markRemovals(tx: Tx, internet: boolean, sha256s: readonly string[]): Promise<string[]> {
  if (sha256s.length === 0) return [];
  const { rows } = await sql<{ sha256: string }>`
    insert into bundle_removals as held (internet, sha256)
    select ${internet}, sha256 from unnest(${elements(sha256s, "text")}) as file (sha256)
    on conflict (internet, sha256) do update set marked_at = now() where held.marked_at < now() - ${LEFT}
    returning sha256`.execute(tx);
  return rows.map(({ sha256 }) => sha256);
}

/** Takes over files that a gateway marked but did not remove. */
export async function takeLeftRemovals(db: Database, internet: boolean): Promise<string[]> {
  const { rows } = await sql<{ sha256: string }>`
    update bundle_removals set marked_at = now() where internet = ${internet} and marked_at < now() - ${LEFT}
    returning sha256`.execute(db);
  return rows.map(({ sha256 }) => sha256);
}

/** Removes the marks of files that are gone. */
export async function unmarkRemovals(db: Database, internet: boolean, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length === 0) return;
  await sql`delete from bundle_removals where internet = ${internet} and sha256 = any(${elements(sha256s, "text")})`.execute(db);
}
