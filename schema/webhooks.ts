/** Webhook events and deliveries. They follow the Standard Webhooks convention (https://www.standardwebhooks.com). */

/**
 * SCAN_FINISHED: a scan became final. SCAN_DETECTED: it did with a detection, or got one afterwards. VERDICT_FLIPPED: an engine's
 * verdict on a sample changed with its signatures.
 */
export const WebhookEvent = {
  SCAN_FINISHED: "SCAN_FINISHED",
  SCAN_DETECTED: "SCAN_DETECTED",
  VERDICT_FLIPPED: "VERDICT_FLIPPED",
} as const;
/** One of the names of {@link WebhookEvent}. */
export type WebhookEvent = keyof typeof WebhookEvent;

/** The `type` of an event's payload, e.g. `scan.finished`. */
export function payloadType(event: WebhookEvent): string {
  return event.toLowerCase().replace("_", ".");
}

/** PENDING: to be sent, or sent again. FAILED: given up; it can be sent again by hand. */
export const DeliveryState = { PENDING: "PENDING", DELIVERED: "DELIVERED", FAILED: "FAILED" } as const;
/** One of the names of {@link DeliveryState}. */
export type DeliveryState = keyof typeof DeliveryState;

/** A webhook as it is shown: without its secret. */
export interface WebhookRecord {
  readonly webhookId: number;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly enabled: boolean;
  readonly createdAt: Date;
}

/** One event for one webhook. */
export interface DeliveryRecord {
  readonly deliveryId: number;
  readonly webhookId: number;
  readonly event: WebhookEvent;
  readonly scanId: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: Date;
  /** When it is tried again; null unless it is PENDING. */
  readonly nextAttemptAt: Date | null;
  readonly lastAttemptAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}
