import { sql, type RawBuilder } from "kysely";
import type { Database, Tx } from "./database.js";

/** An idempotency key with its owner: the id of an API key, or empty while the mesh requires no keys. */
export interface OwnedKey {
  readonly owner: string;
  readonly key: string;
}

/** A key with the request it stands for, and what that request created. */
export interface Claim extends OwnedKey {
  readonly inputHash: string;
  readonly scanId: number | null;
  readonly batchId: number | null;
}

/** After this time a key can be used again. */
const LIFETIME = sql`interval '24 hours'`;

/**
 * The statement that claims keys. `claims` gives rows of owner, key, input_hash, scan_id and batch_id, ordered by owner and key, with each
 * key once. Returns what each key stands for from now on: this claim or an earlier one. Waits for other transactions that are claiming the
 * same key.
 */
export function claimKeys(claims: RawBuilder<unknown>): RawBuilder<unknown> {
  const current = (column: string) => sql`case when idempotency_keys.created_at > now() - ${LIFETIME}
    then ${sql.ref(`idempotency_keys.${column}`)} else ${sql.ref(`excluded.${column}`)} end`;
  return sql`
    insert into idempotency_keys (owner, key, input_hash, scan_id, batch_id) ${claims}
    on conflict (owner, key) do update set input_hash = ${current("input_hash")}, scan_id = ${current("scan_id")},
      batch_id = ${current("batch_id")}, created_at = ${current("created_at")}
    returning owner, key, input_hash, scan_id, batch_id`;
}

/** Claims a key for a scan or a batch. Returns what it stands for from now on. */
export async function claimKey(
  tx: Tx,
  { owner, key }: OwnedKey,
  inputHash: string,
  { scanId = null, batchId = null }: { readonly scanId?: number | null; readonly batchId?: number | null },
): Promise<Claim> {
  const { rows } = await sql<Claim>`
    with claimed as (${claimKeys(sql`select ${owner}, ${key}, ${inputHash}, ${scanId}::bigint, ${batchId}::bigint`)})
    select owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId" from claimed`.execute(tx);
  const [claim] = rows;
  if (!claim) throw new Error("an idempotency key was not claimed");
  return claim;
}

/** The claims of those keys that are in use. */
export async function readClaims(db: Database, keys: readonly OwnedKey[]): Promise<Claim[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<Claim>`
    select owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId"
    from unnest(${keys.map(({ owner }) => owner)}::text[], ${keys.map(({ key }) => key)}::text[]) as asked (owner, key)
      join idempotency_keys using (owner, key)
    where created_at > now() - ${LIFETIME}`.execute(db);
  return rows;
}

/** Deletes expired keys. Returns how many. */
export async function removeOldKeys(db: Database, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where (owner, key) in (
      select owner, key from idempotency_keys where created_at < now() - ${LIFETIME}
      order by created_at limit ${limit} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0);
}
