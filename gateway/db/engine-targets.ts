import { sql } from "kysely";
import type { ServedBundles } from "../../schema/bundle.js";
import type { SwitchWay } from "../../schema/bundle-presence.js";
import { engineToken } from "../../schema/subjects.js";
import { holdBundle } from "./bundles.js";
import type { Database, Tx } from "./database.js";

/** What an engine is to serve on one host. */
export interface TargetRecord {
  /** The engine's subject token. */
  readonly engine: string;
  readonly agent: string;
  readonly set: string;
  readonly digest: string;
}

/** What an engine serves by default: the bundle of the last finished update of the set. */
export interface BaseRecord {
  readonly engineId: number;
  /** The engine's subject token. */
  readonly engine: string;
  readonly set: string;
  readonly bundleId: number;
}

/** All targets of hosts, or those of one engine. */
export async function readTargets(db: Database | Tx, engineId?: number): Promise<TargetRecord[]> {
  return db
    .selectFrom("engine_targets as target")
    .innerJoin("bundles", "bundles.id", "target.bundle_id")
    .innerJoin("engines", "engines.id", "target.engine_id")
    .select([sql<string>`lower(engines.name)`.as("engine"), "target.agent", "target.set_name as set", "bundles.digest"])
    .$if(engineId !== undefined, (query) => query.where("target.engine_id", "=", engineId ?? 0))
    .orderBy("target.set_name")
    .execute();
}

/** The bundles of a host's engine, out of {@link readTargets}. */
export function targetsOf(targets: readonly TargetRecord[], engine: string, agent: string): ServedBundles {
  const token = engineToken(engine);
  return targets.filter((one) => one.engine === token && one.agent === agent).map(({ set, digest }) => ({ set, digest }));
}

/** What engines serve after the last finished update of each set; nothing for a set that is left to the hosts. */
export async function readBases(db: Database | Tx): Promise<BaseRecord[]> {
  const { rows } = await sql<BaseRecord>`
    select done.engine_id as "engineId", lower(engines.name) as engine, done.set_name as set, done.to_bundle as "bundleId" from (
      select distinct on (engine_id, set_name) engine_id, set_name, to_bundle
      from engine_updates where state = 'DONE' order by engine_id, set_name, id desc) as done
    join engines on engines.id = done.engine_id
    -- In a rollback to the host's own files, a host without a target serves them already.
    where done.to_bundle is not null and not exists (
      select from engine_updates as back where back.engine_id = done.engine_id and back.set_name = done.set_name
        and back.to_bundle is null and back.state in ('CANARY', 'ROLLING', 'HELD'))
    order by done.set_name`.execute(db);
  return rows;
}

/** The bundle of a set that an engine serves after its last finished update; null if it is left to the hosts. */
export async function readBase(db: Database | Tx, engineId: number, set: string): Promise<number | null> {
  const last = await db
    .selectFrom("engine_updates")
    .select("to_bundle")
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .where("state", "=", "DONE")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return last?.to_bundle ?? null;
}

/** Makes these hosts serve a bundle of a set; null: none of it. */
export async function setTargets(
  tx: Tx,
  { engineId, set, agents, bundleId }: { engineId: number; set: string; agents: readonly string[]; bundleId: number | null },
): Promise<void> {
  if (agents.length === 0) return;
  if (bundleId === null) {
    await tx
      .deleteFrom("engine_targets")
      .where("engine_id", "=", engineId)
      .where("set_name", "=", set)
      .where("agent", "in", agents)
      .execute();
    return;
  }
  await tx
    .insertInto("engine_targets")
    .values(agents.map((agent) => ({ engine_id: engineId, agent, set_name: set, bundle_id: bundleId })))
    .onConflict((clash) =>
      clash.columns(["engine_id", "agent", "set_name"]).doUpdateSet({ bundle_id: bundleId, changed_at: sql<Date>`now()` }),
    )
    .execute();
}

/** Makes hosts serve the bundle of the engine's last update, if its files exist. Hosts that already have a target for the set keep it. */
export async function insertBases(db: Database, rows: readonly (BaseRecord & { agent: string })[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const held = new Map<number, boolean>();
    for (const { bundleId } of rows) if (!held.has(bundleId)) held.set(bundleId, (await holdBundle(tx, bundleId)) !== undefined);
    const values = rows
      .filter(({ bundleId }) => held.get(bundleId))
      .map(({ engineId, agent, set, bundleId }) => ({ engine_id: engineId, agent, set_name: set, bundle_id: bundleId }));
    if (values.length === 0) return;
    await tx
      .insertInto("engine_targets")
      .values(values)
      .onConflict((clash) => clash.doNothing())
      .execute();
  });
}

/** The hosts that have a target of a set. */
export async function readTargetAgents(tx: Tx, engineId: number, set: string): Promise<string[]> {
  const rows = await tx
    .selectFrom("engine_targets")
    .select("agent")
    .where("engine_id", "=", engineId)
    .where("set_name", "=", set)
    .execute();
  return rows.map(({ agent }) => agent);
}

/** Forgets targets of hosts that the mesh has forgotten, and of engines that a present host no longer has. */
export async function removeOldTargets(db: Database): Promise<void> {
  await sql`
    delete from engine_targets as target where changed_at < now() - interval '1 hour' and (
      not exists (select from agents where agents.agent = target.agent)
      or not exists (select from engine_hosts where engine_hosts.engine_id = target.engine_id and engine_hosts.agent = target.agent)
        and exists (select from agents where agents.agent = target.agent and heard_at > now() - interval '10 minutes'))`.execute(
    db,
  );
}

/** How a new instance replaces the old one, by engine: set by the policy of its main set. */
export async function readSwitchWays(db: Database): Promise<Map<string, SwitchWay>> {
  const rows = await db
    .selectFrom("update_policies as policy")
    .innerJoin("engines", "engines.id", "policy.engine_id")
    .select([sql<string>`lower(engines.name)`.as("engine"), "policy.switch"])
    .where("policy.set_name", "=", "main")
    .execute();
  return new Map(rows.map((row) => [row.engine, row.switch]));
}
