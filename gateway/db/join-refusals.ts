import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** A host's attempts to join with a token that were refused for the same reason. */
export interface JoinRefusalRecord {
  readonly code: string;
  readonly detail: string | null;
  /** Empty if it has not proven that it has the token. */
  readonly host: string;
  /** The name that it asked for; null means the host's name. */
  readonly agent: string | null;
  readonly attempts: number;
  /** When it was last refused. */
  readonly at: string;
}

/** How many of the latest refusals are kept for each token. */
export const KEPT_REFUSALS = 10;

/** Records a refused attempt, if the token exists. */
export async function recordRefusal(
  db: Database,
  tokenId: string,
  { host, code, detail, agent }: Omit<JoinRefusalRecord, "attempts" | "at">,
): Promise<void> {
  await sql`
    insert into join_refusals (token_id, host, code, detail, agent)
    select id, ${host}, ${code}, ${detail}, ${agent} from join_tokens where id = ${tokenId}
    on conflict (token_id, host, code) do update
      set detail = excluded.detail, agent = excluded.agent, attempts = join_refusals.attempts + 1, at = now()`.execute(db);
  await sql`
    delete from join_refusals where token_id = ${tokenId} and (host, code) in (
      select host, code from join_refusals where token_id = ${tokenId} order by at desc offset ${KEPT_REFUSALS})`.execute(db);
}

/** Forgets the refusals of a host once it has joined. */
export async function deleteRefusals(tx: Tx, tokenId: string, host: string): Promise<void> {
  await sql`delete from join_refusals where token_id = ${tokenId} and host = ${host}`.execute(tx);
}
