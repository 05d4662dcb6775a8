/** Row types of the webhooks. */

import type { Generated, GeneratedAlways } from "kysely";
import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";
import type { DeliveryState, WebhookEvent } from "../webhooks.js";

/** An address that events are posted to. */
export interface WebhooksTable {
  id: GeneratedAlways<number>;
  url: string;
  events: WebhookEvent[];
  /** Signs its deliveries. */
  secret: Buffer;
  enabled: Generated<boolean>;
  created_at: GeneratedTimestamp;
}

/** One event for one webhook, kept a while as a log. */
export interface WebhookDeliveriesTable {
  id: GeneratedAlways<number>;
  webhook_id: number;
  event: WebhookEvent;
  /** The scan may be deleted by now. */
  scan_id: number;
  state: Generated<DeliveryState>;
  attempts: Generated<number>;
  created_at: GeneratedTimestamp;
  /** When it is due; while it is being sent, when its sender counts as dead. */
  next_attempt_at: GeneratedTimestamp;
  last_attempt_at: NullableTimestamp;
  /** The receiver's HTTP status; null if it did not answer. */
  last_status: number | null;
  last_error: string | null;
}

/** Scans that have become final while a webhook was enabled, and are not in its deliveries yet. */
export interface UntoldScansTable {
  webhook_id: number;
  scan_id: number;
}
