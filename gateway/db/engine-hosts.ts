import { sql } from "kysely";
import type { InternetClass } from "../../schema/classes.js";
import type { Database, Tx } from "./database.js";

/** The engines that an agent says it has. */
export interface EngineHost {
  readonly agent: string;
  readonly internet: InternetClass;
  /** Subject tokens. */
  readonly engines: readonly string[];
  /** It may have more engines whose names cannot be read, so engines missing from the list are kept. */
  readonly incomplete: boolean;
  /** The revision of the mesh's settings that it has applied. Before it has the latest, it may have more engines too. */
  readonly settings?: number | undefined;
}

/** An agent that was silent for this long keeps no engine in the mesh. */
export const GONE_AFTER = sql`interval '10 minutes'`;

/**
 * Records which engines agents have. An engine that an agent no longer has is removed if no other agent has it. Returns the names of
 * removed engines.
 */
export async function recordHosts(tx: Tx, hosts: readonly EngineHost[]): Promise<string[]> {
  const rows = hosts.map((host) => ({ ...host, internet: host.internet === "internet" }));
  const { rows: dropped } = await sql<{ engineId: number }>`
    with host as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as host
        (agent text, internet boolean, engines text[], incomplete boolean, settings integer)
    ), has as (
      select distinct engines.id as engine_id, host.agent
      from host join engines on engines.internet = host.internet and lower(engines.name) = any(host.engines)
    ), kept as (
      insert into engine_hosts (engine_id, agent) select engine_id, agent from has order by engine_id, agent
      on conflict (engine_id, agent) do update set seen_at = now()
    )
    delete from engine_hosts using host, engines
    where engine_hosts.agent = host.agent and not host.incomplete
      and not exists (select from agent_settings as wanted where wanted.agent = host.agent and wanted.revision <> host.settings)
      and engines.id = engine_hosts.engine_id and engines.internet = host.internet
      and not exists (select from has where has.engine_id = engine_hosts.engine_id and has.agent = engine_hosts.agent)
    returning engine_hosts.engine_id as "engineId"`.execute(tx);
  return markRemoved(
    tx,
    dropped.map(({ engineId }) => engineId),
  );
}

/** Forgets an agent in one class or in both. Returns the names of engines that are removed with it; undefined if it had no engines. */
export async function removeHost(tx: Tx, agent: string, internet?: InternetClass): Promise<string[] | undefined> {
  const ofClass = internet === undefined ? sql`true` : sql`engines.internet = ${internet === "internet"}`;
  const { rows } = await sql<{ engineId: number }>`
    delete from engine_hosts using engines
    where engine_hosts.agent = ${agent} and engines.id = engine_hosts.engine_id and ${ofClass}
    returning engine_id as "engineId"`.execute(tx);
  return rows.length === 0
    ? undefined
    : markRemoved(
        tx,
        rows.map(({ engineId }) => engineId),
      );
}

/** Locks in id order. The reason of being unhealthy is cleared, because a removed engine must not prevent CLEAN. */
async function markRemoved(tx: Tx, engineIds: readonly number[]): Promise<string[]> {
  if (engineIds.length === 0) return [];
  const { rows } = await sql<{ name: string }>`
    update engines set removed_at = clock_timestamp(), unhealthy = null, broken_since = null
    from (select id from engines where id = any(${[...engineIds]}::int[]) order by id for no key update) as dropped
    where engines.id = dropped.id and not exists (
      select from engine_hosts where engine_id = engines.id and seen_at > now() - ${GONE_AFTER})
    returning name`.execute(tx);
  return rows.map(({ name }) => name);
}

/**
 * A container may get another id at each start, so the engines of old ids are forgotten. Until then, for a day, an operator may remove the
 * agent.
 */
export async function removeOldHosts(db: Database): Promise<void> {
  await sql`delete from engine_hosts where seen_at < now() - interval '1 day'`.execute(db);
}

/** Removes an engine from the catalogue; its row stays if results refer to it. Nothing is fetched, sent or served for it any more. */
export async function forgetEngine(tx: Tx, engineId: number): Promise<void> {
  await sql`
    update engines set forgotten = true, removed_at = clock_timestamp(), unhealthy = null, broken_since = null
    where id = ${engineId}`.execute(tx);
  for (const table of ["engine_hosts", "engine_targets", "fetch_jobs"])
    await sql`delete from ${sql.table(table)} where engine_id = ${engineId}`.execute(tx);
  await sql`
    update engine_updates set state = 'CANCELLED', reason = 'Its engine was removed.', ended_at = now(), waits_for = null,
      waits_until = null
    where engine_id = ${engineId} and ended_at is null`.execute(tx);
  await sql`
    update bundle_uploads set expires_at = now() where engine_id = ${engineId} and expires_at > now()`.execute(tx);
}
