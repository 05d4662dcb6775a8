import { sql } from "kysely";
import type { FetchState } from "../../schema/fetch-job.js";
import type { Database } from "./database.js";
import type { NamedBundle, UpdateRecord } from "./engine-updates.js";
import type { PolicyRecord } from "./update-policies.js";

/** Every set of an engine that has a bundle, a source, a policy or a target. */
export async function readSets(db: Database): Promise<{ engineId: number; set: string }[]> {
  const { rows } = await sql<{ engineId: number; set: string }>`
    select engine_id as "engineId", set_name as set from (
      select engine_id, set_name from bundles union select engine_id, set_name from fetch_jobs
      union select engine_id, set_name from update_policies union select engine_id, set_name from engine_targets) as known
    order by engine_id, set_name <> 'main', set_name`.execute(db);
  return rows;
}

/** The last look at the source of a set. */
export interface LookRecord {
  readonly engineId: number;
  readonly set: string;
  readonly state: FetchState;
  readonly reason: string | null;
  readonly agent: string | null;
  readonly checkedAt: Date | null;
  readonly nextAt: Date;
  readonly blockedUntil: Date | null;
  readonly failuresInARow: number;
}

/** The last look at each source. */
export async function readLooks(db: Database): Promise<LookRecord[]> {
  return db
    .selectFrom("fetch_jobs")
    .select([
      "engine_id as engineId",
      "set_name as set",
      "state",
      "reason",
      "agent",
      "checked_at as checkedAt",
      "next_at as nextAt",
      "blocked_until as blockedUntil",
      "failures_in_a_row as failuresInARow",
    ])
    .execute();
}

/** Bundles with these digests, and the newest of each set. */
export async function readNamedBundles(
  db: Database,
  digests: readonly string[],
): Promise<(NamedBundle & { engineId: number; set: string; isNewest: boolean })[]> {
  const { rows } = await sql<NamedBundle & { engineId: number; set: string; isNewest: boolean }>`
    select id, digest, sequence, version, made_at as date, size, engine_id as "engineId", set_name as set, "isNewest" from (
      select *, removed_at is null and sequence = max(sequence) filter (where removed_at is null)
        over (partition by engine_id, set_name) as "isNewest" from bundles) as all_bundles
    where coalesce("isNewest", false) or digest = any(${[...digests]}::text[])`.execute(db);
  return rows;
}

/** A set of an engine on a host. */
export interface SetHostRecord {
  readonly agent: string;
  readonly state: "WAITING" | "FETCHING" | "TESTING" | "CANARY" | "SERVING" | "HELD" | "FAILED" | "GONE" | "BY_HOST";
  readonly serving: NamedBundle | null;
  readonly target: NamedBundle | null;
  readonly signatureVersion: string | null;
  readonly reason: string | null;
  readonly bytes: number;
  readonly total: number;
  readonly since: Date | null;
}

/** A set of an engine, and which hosts serve which of its bundles. */
export interface UpdateSetRecord {
  readonly engineId: number;
  readonly engine: string;
  readonly set: string;
  readonly serves: NamedBundle | null;
  readonly newest: NamedBundle | null;
  readonly policy: PolicyRecord;
  readonly check: LookRecord | null;
  readonly update: UpdateRecord | null;
  readonly hosts: readonly SetHostRecord[];
}
