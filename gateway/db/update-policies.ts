import { sql } from "kysely";
import type { SwitchWay } from "../../schema/bundle-presence.js";
import type { Database, Tx } from "./database.js";
import { isInWindow } from "./update-windows.js";

/** How an engine gets the bundles of a set. */
export interface PolicyRecord {
  readonly engineId: number;
  readonly set: string;
  readonly automatic: boolean;
  readonly checkEveryMs: number;
  /** Minutes of the day (UTC); null means at any time. */
  readonly windowFrom: number | null;
  readonly windowTo: number | null;
  readonly isPaused: boolean;
  /** Null if it is not paused, or paused until it is resumed. */
  readonly pausedUntil: Date | null;
  readonly switch: SwitchWay;
}

/** The policy of a set for which none was set. */
export const DEFAULT_POLICY: Omit<PolicyRecord, "engineId" | "set"> = {
  automatic: true,
  checkEveryMs: 43_200_000,
  windowFrom: null,
  windowTo: null,
  isPaused: false,
  pausedUntil: null,
  switch: "AUTO",
};

const isPaused = sql<boolean>`coalesce(paused_until > now(), false)`;

const columns = [
  "engine_id as engineId",
  "set_name as set",
  "automatic",
  "check_every_ms as checkEveryMs",
  "window_from as windowFrom",
  "window_to as windowTo",
  isPaused.as("isPaused"),
  sql<Date | null>`case when paused_until > now() and paused_until < 'infinity' then paused_until end`.as("pausedUntil"),
  "switch",
] as const;

/** All policies that somebody has set. */
export async function readPolicies(db: Database | Tx): Promise<PolicyRecord[]> {
  return db.selectFrom("update_policies").select(columns).execute();
}

/** Whether updates of a set may begin now, by Postgres's clock, and the parts of its policy that decide this. */
export interface UpdatePermission extends Pick<
  PolicyRecord,
  "automatic" | "isPaused" | "pausedUntil" | "windowFrom" | "windowTo"
> {
  readonly isInWindow: boolean;
}

/** The same for one set. */
export async function readUpdatePermission(db: Database | Tx, engineId: number, set: string): Promise<UpdatePermission> {
  const found = await db
    .selectFrom("update_policies")
    .select([...columns, isInWindow().as("isInWindow")])
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .executeTakeFirst();
  return found ?? { ...DEFAULT_POLICY, isInWindow: true };
}

/** The changes to a policy. */
export type PolicyChange = Partial<Pick<PolicyRecord, "automatic" | "checkEveryMs" | "windowFrom" | "windowTo" | "switch">>;

/** Changes the policy of a set. */
export async function changePolicy(tx: Tx, engineId: number, set: string, change: PolicyChange): Promise<PolicyRecord> {
  const { automatic, checkEveryMs, windowFrom, windowTo, switch: way } = change;
  const row = {
    ...(automatic !== undefined && { automatic }),
    ...(checkEveryMs !== undefined && { check_every_ms: checkEveryMs }),
    ...(windowFrom !== undefined && { window_from: windowFrom }),
    ...(windowTo !== undefined && { window_to: windowTo }),
    ...(way !== undefined && { switch: way }),
  };
  return tx
    .insertInto("update_policies")
    .values({ engine_id: engineId, set_name: set, ...row })
    .onConflict((clash) => clash.columns(["engine_id", "set_name"]).doUpdateSet({ set_name: set, ...row }))
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Pauses sets until a time; null means until they are resumed, and undefined resumes them. */
export async function pauseSets(
  tx: Tx,
  sets: readonly { engineId: number; set: string }[],
  until: Date | null | undefined,
): Promise<void> {
  if (sets.length === 0) return;
  const pausedUntil = until === undefined ? null : sql<Date>`coalesce(${until}::timestamptz, 'infinity')`;
  await tx
    .insertInto("update_policies")
    .values(sets.map(({ engineId, set }) => ({ engine_id: engineId, set_name: set, paused_until: pausedUntil })))
    .onConflict((clash) => clash.columns(["engine_id", "set_name"]).doUpdateSet({ paused_until: pausedUntil }))
    .execute();
}
