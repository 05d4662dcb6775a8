import { sql } from "kysely";
import type { DeliveryRecord, DeliveryState, WebhookEvent, WebhookRecord } from "../../schema/webhooks.js";
import type { Database, Tx } from "./database.js";
import { takeFinalScans } from "./final-scans.js";

const shown = ["id as webhookId", "url", "events", "enabled", "created_at as createdAt"] as const;

/** Every webhook, the oldest first. */
export async function readWebhooks(db: Database): Promise<WebhookRecord[]> {
  return db
    .selectFrom("webhooks")
    .select([...shown])
    .orderBy("id")
    .execute();
}

/** Adds a webhook, which hears of what becomes final from now on. Finals are not read while there is none: the first skips them. */
export async function insertWebhook(
  tx: Tx,
  webhook: { url: string; events: readonly WebhookEvent[]; secret: Buffer },
): Promise<WebhookRecord> {
  await sql`update final_marks set end_date = greatest(end_date, now() - interval '1 minute'), scan_id = 0
    where reader = 'webhooks' and not exists (select from webhooks)`.execute(tx);
  return tx
    .insertInto("webhooks")
    .values({ ...webhook, events: [...webhook.events] })
    .returning([...shown])
    .executeTakeFirstOrThrow();
}

/** Switches it on or off; undefined if there is none. What waits while it is off is sent when it is on again. */
export async function enableWebhook(db: Database | Tx, webhookId: number, enabled: boolean): Promise<WebhookRecord | undefined> {
  return db
    .updateTable("webhooks")
    .set({ enabled })
    .where("id", "=", webhookId)
    .returning([...shown])
    .executeTakeFirst();
}

/** Removes it with its log; whether there was one. */
export async function deleteWebhook(tx: Tx, webhookId: number): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("webhooks").where("id", "=", webhookId).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Makes deliveries of the scans that became final; how many scans. Undefined if there is nobody to tell, or another is at it. */
export async function queueFinals(tx: Tx, limit: number): Promise<number | undefined> {
  const any = await tx.selectFrom("webhooks").select("id").where("enabled", "=", true).limit(1).executeTakeFirst();
  if (!any) return undefined;
  const scans = await takeFinalScans(tx, "webhooks", limit);
  if (!scans || scans.length === 0) return scans?.length;
  await sql`
    insert into webhook_deliveries (webhook_id, event, scan_id)
    select webhooks.id, event, scans.id
    from scans join webhooks on enabled and created_at <= end_date cross join unnest(events) as event
    where scans.id = any(${scans}::bigint[]) and (event = 'SCAN_FINISHED' or scans.verdict >= 'SUSPICIOUS')
    order by end_date, scans.id, webhooks.id`.execute(tx);
  return scans.length;
}

/** A delivery to be sent now. */
export interface DueDelivery {
  readonly deliveryId: number;
  readonly webhookId: number;
  readonly event: WebhookEvent;
  readonly scanId: number;
  /** This one included. */
  readonly attempts: number;
  readonly url: string;
  readonly secret: Buffer;
}

/** Takes due deliveries, some of each webhook; whoever does not settle them within the lease loses them to another. */
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

/** What came of an attempt; `retryMs` is set while there will be another. */
export interface Outcome {
  readonly state: DeliveryState;
  readonly status: number | null;
  readonly error: string | null;
  readonly retryMs?: number | undefined;
}

/** Notes what came of an attempt, unless another has begun since. */
export async function settleDelivery(
  db: Database,
  { deliveryId, attempts }: DueDelivery,
  { state, status, error, retryMs = 0 }: Outcome,
): Promise<void> {
  await sql`
    update webhook_deliveries set state = ${state}, last_status = ${status}, last_error = ${error},
      next_attempt_at = now() + ${retryMs} * interval '1 millisecond'
    where id = ${deliveryId} and attempts = ${attempts} and state = 'PENDING'`.execute(db);
}

const delivery = sql`
  select id as "deliveryId", webhook_id as "webhookId", event, scan_id as "scanId", state, attempts, created_at as "createdAt",
    case when state = 'PENDING' then next_attempt_at end as "nextAttemptAt", last_attempt_at as "lastAttemptAt",
    last_status as "lastStatus", last_error as "lastError"
  from webhook_deliveries`;

/** A page of a webhook's log, the newest first. */
export async function readDeliveries(
  db: Database,
  webhookId: number,
  { after, limit }: { after?: number | undefined; limit: number },
): Promise<DeliveryRecord[]> {
  const { rows } = await sql<DeliveryRecord>`${delivery}
    where webhook_id = ${webhookId} and id < ${after ?? Number.MAX_SAFE_INTEGER} order by id desc limit ${limit}`.execute(db);
  return rows;
}

/** Makes a delivery due again, as if it had never been tried; undefined if there is none. */
export async function requeueDelivery(tx: Tx, deliveryId: number): Promise<DeliveryRecord | undefined> {
  await sql`update webhook_deliveries set state = 'PENDING', attempts = 0, next_attempt_at = now() where id = ${deliveryId}`.execute(
    tx,
  );
  const { rows } = await sql<DeliveryRecord>`${delivery} where id = ${deliveryId}`.execute(tx);
  return rows[0];
}

/** Forgets deliveries after 30 days. */
export async function removeOldDeliveries(db: Database): Promise<void> {
  await sql`delete from webhook_deliveries where created_at < now() - interval '30 days'`.execute(db);
}
