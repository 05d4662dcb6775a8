import { sql } from "kysely";
import type { Database, Tx } from "./database.js";

/** The newest bundle of a set, and what its engine serves. */
export interface UpdateChoice {
  readonly engineId: number;
  readonly engine: string;
  readonly internet: boolean;
  readonly set: string;
  readonly bundleId: number;
  readonly sequence: number;
  /** What the engine serves now, after the last finished update; null if it is left to the hosts. */
  readonly baseId: number | null;
  /** It was given up before: a host failed with it, or somebody rolled it back. */
  readonly wasRolledBack: boolean;
  /** Somebody chose another bundle while it existed, or it is older than what the engine serves. */
  readonly wasPassedOver: boolean;
  readonly fetched: boolean;
  readonly automatic: boolean;
}

/** A bundle with which hosts went offline is tried again this often. */
const MOST_TRIES = 3;

/** The newest bundle of each set whose files exist. */
export async function readChoices(db: Database | Tx, engineId?: number): Promise<UpdateChoice[]> {
  const { rows } = await sql<UpdateChoice>`
    select newest.engine_id as "engineId", engines.name as engine, engines.internet, newest.set_name as set, newest.id as "bundleId",
      newest.sequence, base.to_bundle as "baseId", newest.fetched, coalesce(policy.automatic, true) as automatic,
      exists (select from engine_updates as tried where tried.engine_id = newest.engine_id and tried.set_name = newest.set_name
          and tried.to_bundle = newest.id and tried.state = 'ROLLED_BACK' and not coalesce((tried.evidence->>'isRetried')::boolean, false))
        or exists (select from engine_updates as back where back.engine_id = newest.engine_id and back.set_name = newest.set_name
          and back.from_bundle = newest.id and back.cause = 'ROLLBACK' and back.state <> 'CANCELLED')
        or (select count(*) from engine_updates as tried where tried.engine_id = newest.engine_id and tried.set_name = newest.set_name
          and tried.to_bundle = newest.id and tried.state = 'ROLLED_BACK') >= ${MOST_TRIES} as "wasRolledBack",
      coalesce(newest.sequence < base.sequence or (base.cause <> 'FETCHED' and newest.created_at < base.created_at
        and newest.id <> base.to_bundle), false) as "wasPassedOver"
    from (select distinct on (engine_id, set_name) * from bundles where removed_at is null
        order by engine_id, set_name, sequence desc) as newest
      join engines on engines.id = newest.engine_id and not engines.forgotten
      left join update_policies as policy on policy.engine_id = newest.engine_id and policy.set_name = newest.set_name
      left join lateral (select done.to_bundle, done.cause, done.created_at, served.sequence from engine_updates as done
        left join bundles as served on served.id = done.to_bundle where done.engine_id = newest.engine_id
        and done.set_name = newest.set_name and done.state = 'DONE' order by done.id desc limit 1) as base on true
    where ${engineId === undefined ? sql`true` : sql`newest.engine_id = ${engineId}`}
    order by lower(engines.name), newest.set_name`.execute(db);
  return rows;
}

/** A bundle of an engine by its digest. */
export async function findBundle(
  db: Database | Tx,
  engineId: number,
  digest: string,
): Promise<{ id: number; set: string; isRemoved: boolean } | undefined> {
  const found = await db
    .selectFrom("bundles")
    .select(["id", "set_name as set", "removed_at as removedAt"])
    .where("engine_id", "=", engineId)
    .where("digest", "=", digest)
    .executeTakeFirst();
  return found && { id: found.id, set: found.set, isRemoved: found.removedAt !== null };
}

/** What an engine served of a set before a bundle: undefined if unknown, `bundleId: null` if it was left to the hosts. */
export async function readBefore(
  tx: Tx,
  engineId: number,
  set: string,
  bundleId: number,
): Promise<{ bundleId: number | null; isRemoved: boolean } | undefined> {
  const before = await tx
    .selectFrom("engine_updates as update")
    .leftJoin("bundles", "bundles.id", "update.from_bundle")
    .select(["update.from_bundle as bundleId", "bundles.removed_at as removedAt"])
    .where("update.engine_id", "=", engineId)
    .where("update.set_name", "=", set)
    .where("update.to_bundle", "=", bundleId)
    .where("update.state", "=", "DONE")
    .where("update.cause", "!=", "ROLLBACK")
    .orderBy("update.id", "desc")
    .limit(1)
    .executeTakeFirst();
  return before && { bundleId: before.bundleId, isRemoved: before.removedAt !== null };
}
