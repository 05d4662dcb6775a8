import type { WebhookEvent } from "../../generated/webhooks.ts";

/** When each event is sent. */
export const EVENT_WORDS: Readonly<Record<WebhookEvent, string>> = {
  SCAN_FINISHED: "a scan has ended",
  SCAN_DETECTED: "a scan has ended with a detection, or an engine found something later",
  VERDICT_FLIPPED: "an engine says something else of a sample than before, after an update",
};
