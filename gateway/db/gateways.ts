import { sql, type RawBuilder } from "kysely";
import { MESSAGE_VERSION } from "../../schema/message-version.js";
import { SEALING } from "../../schema/sealed-chunks.js";
import type { Database } from "./database.js";
import { COUNTED, listCount, type ListCount } from "./list-place.js";
import { OVERDUE_MS } from "./outbox.js";

/** A gateway's last report about itself. */
export interface GatewayRecord {
  /** New at each start. */
  readonly gatewayId: string;
  readonly host: string;
  readonly version: string;
  readonly nodeVersion: string;
  readonly startedAt: Date;
  readonly lastSeenAt: Date;
  readonly natsConnected: boolean;
  /** In bytes; null if unknown. */
  readonly diskFree: number | null;
  readonly memoryBytes: number;
}

/** A gateway that was silent for this long is gone. */
export const GONE_AFTER = sql`interval '45 seconds'`;

/** Whether a gateway has been listening to agents for this long. */
export function hasListened(interval: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`exists (
    select from gateways where seen_at >= now() - ${GONE_AFTER} and nats_connected and started_at < now() - ${interval})`;
}

/** Records that a gateway is alive, and forgets gateways that died. */
export async function recordGateway(db: Database, gateway: Omit<GatewayRecord, "lastSeenAt">): Promise<void> {
  const { gatewayId, host, version, nodeVersion, startedAt, natsConnected, diskFree, memoryBytes } = gateway;
  await sql`
    insert into gateways (id, host, version, node_version, started_at, nats_connected, disk_free, memory_bytes, sealing, messages)
    values (${gatewayId}, ${host}, ${version}, ${nodeVersion}, ${startedAt}, ${natsConnected}, ${diskFree}, ${memoryBytes}, ${SEALING},
      ${MESSAGE_VERSION})
    on conflict (id) do update set seen_at = now(), nats_connected = excluded.nats_connected, disk_free = excluded.disk_free,
      memory_bytes = excluded.memory_bytes`.execute(db);
  await sql`
    delete from gateways where id in (
      select id from gateways where seen_at < now() - ${GONE_AFTER} order by id for update skip locked)`.execute(db);
}

export async function deleteGateway(db: Database, gatewayId: string): Promise<void> {
  await sql`delete from gateways where id = ${gatewayId}`.execute(db);
}

/** The live gateways, the longest running first. */
export async function readGateways(db: Database): Promise<GatewayRecord[]> {
  const { rows } = await sql<GatewayRecord>`
    select id as "gatewayId", host, version, node_version as "nodeVersion", started_at as "startedAt", seen_at as "lastSeenAt",
      nats_connected as "natsConnected", disk_free as "diskFree", memory_bytes as "memoryBytes"
    from gateways where seen_at >= now() - ${GONE_AFTER} order by started_at, id`.execute(db);
  return rows;
}

/** The newest message version that each live gateway can read. */
export async function readMessageVersions(db: Database): Promise<number[]> {
  const { rows } = await sql<{ messages: number }>`
    select messages from gateways where seen_at >= now() - ${GONE_AFTER}`.execute(db);
  return rows.map(({ messages }) => messages);
}

/** The backlog in the outbox. */
export interface OutboxStatus {
  /** Requests that were not published in time. */
  readonly unpublished: ListCount;
  /** When the oldest of them was due; null if there is none. */
  readonly oldest: Date | null;
  /** Requests of BULK scans that wait for room. */
  readonly held: ListCount;
}

/** The backlog of the outbox, counted up to the limit of lists. The newest requests may be published and not marked yet. */
export async function readOutboxStatus(db: Database): Promise<OutboxStatus> {
  const most = sql.lit(COUNTED + 1);
  const isLate = sql`seq is null and not held and created_at < now() - ${OVERDUE_MS} * interval '1 millisecond'`;
  const { rows } = await sql<{ unpublished: number; held: number; oldest: Date | null }>`
    select
      (select count(*) from (select from outbox where ${isLate} limit ${most}) as counted) as unpublished,
      (select count(*) from (select from outbox where held limit ${most}) as counted) as held,
      (select min(created_at) from outbox where ${isLate}) as oldest`.execute(db);
  const { unpublished = 0, held = 0, oldest = null } = rows[0] ?? {};
  return { unpublished: listCount(unpublished), held: listCount(held), oldest };
}
