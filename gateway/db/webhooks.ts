import { sql } from "kysely";
import type { DeliveryRecord, DeliveryState, WebhookEvent, WebhookRecord } from "../../schema/webhooks.js";
import type { Database, Tx } from "./database.js";
import type { Untold } from "./final-scans.js";

const columns = ["id as webhookId", "url", "events", "enabled", "created_at as createdAt"] as const;

/** Every webhook, the oldest first. */
export async function readWebhooks(db: Database): Promise<WebhookRecord[]> {
  return db
    .selectFrom("webhooks")
    .select([...columns])
    .orderBy("id")
    .execute();
}

export async function readWebhook(db: Database, webhookId: number): Promise<WebhookRecord | undefined> {
  return db
    .selectFrom("webhooks")
    .select([...columns])
    .where("id", "=", webhookId)
    .executeTakeFirst();
}

/** Adds a webhook for scans that become final from now on. */
export async function insertWebhook(
  tx: Tx,
  webhook: { url: string; events: readonly WebhookEvent[]; secret: Buffer },
): Promise<WebhookRecord> {
  return tx
    .insertInto("webhooks")
    .values({ ...webhook, events: [...webhook.events] })
    .returning([...columns])
    .executeTakeFirstOrThrow();
}

/** Enables or disables a webhook; undefined if there is none. Deliveries wait while it is disabled. */
export async function enableWebhook(db: Database | Tx, webhookId: number, enabled: boolean): Promise<WebhookRecord | undefined> {
  return db
    .updateTable("webhooks")
    .set({ enabled })
    .where("id", "=", webhookId)
    .returning([...columns])
    .executeTakeFirst();
}

/** Deletes a webhook with its log. Returns whether there was one. */
export async function deleteWebhook(tx: Tx, webhookId: number): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("webhooks").where("id", "=", webhookId).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Queues deliveries for scans that have become final, to the webhooks that were enabled then. The pairs must be locked. */
export async function queueFinals(tx: Tx, untold: readonly Untold[]): Promise<void> {
  const pairs = sql`unnest(${untold.map(({ webhookId }) => webhookId)}::bigint[], ${untold.map(({ scanId }) => scanId)}::bigint[])`;
  await sql`
    with taken as (
      delete from untold_scans using ${pairs} as pair (webhook_id, scan_id)
      where untold_scans.webhook_id = pair.webhook_id and untold_scans.scan_id = pair.scan_id
      returning untold_scans.webhook_id, untold_scans.scan_id
    ), added as (
      insert into webhook_deliveries (webhook_id, event, scan_id)
      select webhooks.id, event, scans.id
      from taken join scans on scans.id = taken.scan_id join webhooks on webhooks.id = taken.webhook_id cross join unnest(events) as event
      where event = 'SCAN_FINISHED' or event = 'SCAN_DETECTED' and scans.verdict >= 'SUSPICIOUS'
      order by scans.id, webhooks.id
    )
    select from taken`.execute(tx);
}

/** A delivery that is due. */
export interface DueDelivery {
  readonly deliveryId: number;
  readonly webhookId: number;
  readonly event: WebhookEvent;
  readonly scanId: number;
  /** Including this one. */
  readonly attempts: number;
  readonly url: string;
  readonly secret: Buffer;
}

/** Leases due deliveries, a few per webhook. A delivery that is not settled before the lease expires becomes due again. */
export async function leaseDeliveries(db: Database, options: { each: number; leaseMs: number; except: readonly number[] }) {
  const { rows } = await sql<DueDelivery>`
    update webhook_deliveries as delivery
    set attempts = attempts + 1, last_attempt_at = now(), last_status = null, last_error = null, next_attempt_at = now() + ${options.leaseMs} * interval '1 millisecond'
    from webhooks cross join lateral (
      select id from webhook_deliveries where webhook_id = webhooks.id and state = 'PENDING' and next_attempt_at <= now()
      order by next_attempt_at limit ${options.each} for update skip locked) as due
    where delivery.id = due.id and webhooks.enabled and webhooks.id <> all(${options.except}::bigint[])
    returning delivery.id as "deliveryId", webhooks.id as "webhookId", event, scan_id as "scanId", attempts, url, secret`.execute(
    db,
  );
  return rows;
}

/** The result of an attempt. `retryMs` is set if there will be another. */
export interface AttemptResult {
  readonly state: DeliveryState;
  readonly status: number | null;
  readonly error: string | null;
  readonly retryMs?: number | undefined;
}

/** Records the result of an attempt, unless a later attempt has begun. */
export async function settleDelivery(
  db: Database,
  { deliveryId, attempts }: DueDelivery,
  { state, status, error, retryMs = 0 }: AttemptResult,
): Promise<void> {
  await sql`
    update webhook_deliveries set state = ${state}, last_status = ${status}, last_error = ${error},
      next_attempt_at = now() + ${retryMs} * interval '1 millisecond'
    where id = ${deliveryId} and attempts = ${attempts} and state = 'PENDING'`.execute(db);
}

const selectDelivery = sql`
  select id as "deliveryId", webhook_id as "webhookId", event, scan_id as "scanId", state, attempts, created_at as "createdAt",
    case when state = 'PENDING' then next_attempt_at end as "nextAttemptAt", last_attempt_at as "lastAttemptAt",
    last_status as "lastStatus", last_error as "lastError"
  from webhook_deliveries`;

/** A page of a webhook's log, the newest first, optionally of one state. */
export async function readDeliveries(
  db: Database,
  webhookId: number,
  { after, limit, state }: { after?: number | undefined; limit: number; state?: DeliveryState | undefined },
): Promise<DeliveryRecord[]> {
  // A literal, so that Postgres can use the index on undelivered ones.
  const inState = state === undefined ? sql`true` : sql`state = ${sql.lit(state)}`;
  const { rows } = await sql<DeliveryRecord>`${selectDelivery}
    where webhook_id = ${webhookId} and ${inState} and id < ${after ?? Number.MAX_SAFE_INTEGER} order by id desc limit ${limit}`.execute(
    db,
  );
  return rows;
}

/** The deliveries that were sent or queued last, the latest first. */
export async function readLatestDeliveries(db: Database, limit: number): Promise<DeliveryRecord[]> {
  const { rows } = await sql<DeliveryRecord>`${selectDelivery}
    order by coalesce(last_attempt_at, created_at) desc, id desc limit ${limit}`.execute(db);
  return rows;
}

export async function readDelivery(db: Database, deliveryId: number): Promise<DeliveryRecord | undefined> {
  return (await sql<DeliveryRecord>`${selectDelivery} where id = ${deliveryId}`.execute(db)).rows[0];
}

/** Makes a delivery due again, as if it had never been attempted; undefined if there is none. */
export async function requeueDelivery(tx: Tx, deliveryId: number): Promise<DeliveryRecord | undefined> {
  await sql`update webhook_deliveries set state = 'PENDING', attempts = 0, next_attempt_at = now() where id = ${deliveryId}`.execute(
    tx,
  );
  const { rows } = await sql<DeliveryRecord>`${selectDelivery} where id = ${deliveryId}`.execute(tx);
  return rows[0];
}

/** Deletes deliveries that are older than 30 days. */
export async function removeOldDeliveries(db: Database, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from webhook_deliveries where id in (
      select id from webhook_deliveries where created_at < now() - interval '30 days' order by created_at limit ${limit} for update skip locked)`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}
