import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** An idempotency key with its owner: the id of an API key, or empty while the mesh asks for none. */
export interface OwnedKey {
  readonly owner: string;
  readonly key: string;
}

/** A key with the request it stands for, and what that has created. */
export interface Claim extends OwnedKey {
  readonly inputHash: string;
  readonly scanId: number | null;
  readonly batchId: number | null;
}

/** A key is free again after this. */
const LIFETIME = sql`interval '24 hours'`;

/**
 * Claims keys, each of which occurs once. Returns what each stands for from now on: this claim, or an earlier one. Waits for another
 * transaction that is claiming the same key.
 */
export async function claimKeys(tx: Tx, claims: readonly Claim[]): Promise<Claim[]> {
  if (claims.length === 0) return [];
  const current = (column: string) => sql`case when idempotency_keys.created_at > now() - ${LIFETIME}
    then ${sql.ref(`idempotency_keys.${column}`)} else ${sql.ref(`excluded.${column}`)} end`;
  const { rows } = await sql<Claim>`
    insert into idempotency_keys (owner, key, input_hash, scan_id, batch_id)
    select owner, key, "inputHash", "scanId", "batchId" from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as claim
      (owner text, key text, "inputHash" text, "scanId" bigint, "batchId" bigint)
    order by owner, key
    on conflict (owner, key) do update set input_hash = ${current("input_hash")}, scan_id = ${current("scan_id")},
      batch_id = ${current("batch_id")}, created_at = ${current("created_at")}
    returning owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId"`.execute(tx);
  return rows;
}

/** The claims of those keys that are in use. */
export async function readClaims(db: Database | Tx, keys: readonly OwnedKey[]): Promise<Claim[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<Claim>`
    select owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId"
    from unnest(${keys.map(({ owner }) => owner)}::text[], ${keys.map(({ key }) => key)}::text[]) as asked (owner, key)
      join idempotency_keys using (owner, key)
    where created_at > now() - ${LIFETIME}`.execute(db);
  return rows;
}

/** Deletes keys that are free again. Returns how many. */
export async function removeOldKeys(db: Database, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where (owner, key) in (
      select owner, key from idempotency_keys where created_at < now() - ${LIFETIME}
      order by created_at limit ${limit} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0);
}
