import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** An idempotency key and whose it is: an API key's id, or empty while the mesh asks for none. */
export interface OwnedKey {
  readonly owner: string;
  readonly key: string;
}

/** What a key stands for, or is to stand for. */
export interface Claim extends OwnedKey {
  readonly inputHash: string;
  readonly scanId: number | null;
  readonly batchId: number | null;
}

/** After this a key is free again. */
const LIFETIME = sql`interval '24 hours'`;

/**
 * Takes keys, in their order; what each stands for from now on: what was asked, or what an earlier request made. A key that
 * another transaction is taking is waited for. Every key may occur once.
 */
export async function claimKeys(tx: Tx, claims: readonly Claim[]): Promise<Claim[]> {
  if (claims.length === 0) return [];
  const kept = (column: string) => sql`case when idempotency_keys.created_at > now() - ${LIFETIME}
    then ${sql.ref(`idempotency_keys.${column}`)} else ${sql.ref(`excluded.${column}`)} end`;
  const { rows } = await sql<Claim>`
    insert into idempotency_keys (owner, key, input_hash, scan_id, batch_id)
    select owner, key, "inputHash", "scanId", "batchId" from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as claim
      (owner text, key text, "inputHash" text, "scanId" bigint, "batchId" bigint)
    order by owner, key
    on conflict (owner, key) do update set input_hash = ${kept("input_hash")}, scan_id = ${kept("scan_id")},
      batch_id = ${kept("batch_id")}, created_at = ${kept("created_at")}
    returning owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId"`.execute(tx);
  return rows;
}

/** What keys stand for, of those that are taken. */
export async function readClaims(db: Database | Tx, keys: readonly OwnedKey[]): Promise<Claim[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<Claim>`
    select owner, key, input_hash as "inputHash", scan_id as "scanId", batch_id as "batchId"
    from unnest(${keys.map(({ owner }) => owner)}::text[], ${keys.map(({ key }) => key)}::text[]) as asked (owner, key)
      join idempotency_keys using (owner, key)
    where created_at > now() - ${LIFETIME}`.execute(db);
  return rows;
}

/** Removes keys that are free again. */
export async function removeOldKeys(db: Database, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where (owner, key) in (
      select owner, key from idempotency_keys where created_at < now() - ${LIFETIME}
      order by created_at limit ${limit} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0);
}
