import { createHmac } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import type { BriefReport } from "../../schema/reports.js";
import { payloadType, type WebhookEvent } from "../../schema/webhooks.js";
import type { GatewayConfig } from "../config.js";
import type { Database } from "../db/database.js";
import { readDueWebhooks, type DueWebhooks } from "../db/due-work.js";
import { lockUntold } from "../db/final-scans.js";
import { readFlipOf } from "../db/verdict-flips.js";
import { readBriefScan } from "../db/scans.js";
import {
  enableWebhook,
  leaseDeliveries,
  queueFinals,
  removeOldDeliveries,
  settleDelivery,
  type DueDelivery,
  type AttemptResult,
} from "../db/webhooks.js";
import { createRowBatches } from "../batches/row-batches.js";
import { lineOf, readRetryAfter } from "./answer.js";
import { postWebhook } from "./webhook-request.js";

/** The parts of the gateway needed for sending webhooks. */
export interface WebhookParts {
  readonly config: Pick<GatewayConfig, "webhookNetworks">;
  readonly db: Database;
  readonly log: Logger;
}

/** Sends webhooks until stopped. */
export interface WebhookSender {
  stop(): Promise<void>;
}

const POLL_MS = 500;
const FINALS_BATCH = 1_000;
/** The most deliveries in flight per webhook, so that a slow receiver does not delay the others. */
const IN_FLIGHT_EACH = 10;
const LEASE_MS = 30_000;
const CLEAN_UP_MS = 600_000;
const CLEAN_UP_BATCH = 10_000;
/** Seconds to wait after each failed attempt. After the last one, two days in all, the delivery has failed. */
const BACK_OFF_S = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];
const GONE = 410;
const ALL_DUE: DueWebhooks = { untold: true, deliveries: true };

export function startWebhooks(parts: WebhookParts): WebhookSender {
  const inFlight = new Map<number, number>();
  const sending = new Set<Promise<void>>();
  const ending = createAbortController();
  const finals = createRowBatches(FINALS_BATCH, parts.log, "scan");
  let cleanedAt = -Infinity;

  /** Separate steps, so that a failed one does not hold up the others. */
  const steps: { name: string; isDue(due: DueWebhooks): boolean; run(): Promise<void> }[] = [
    { name: "enter deliveries of final scans", isDue: ({ untold }) => untold, run: enterFinals },
    { name: "remove old deliveries", isDue: () => performance.now() - cleanedAt > CLEAN_UP_MS, run: cleanUp },
    // Deliveries that were just queued are due at once.
    { name: "read due deliveries", isDue: ({ untold, deliveries }) => untold || deliveries, run: beginDue },
  ];

  async function enterFinals(): Promise<void> {
    await finals.run(({ took, ...range }) =>
      parts.db.transaction().execute(async (tx) => {
        const untold = (await lockUntold(tx, range)) ?? [];
        took(untold.map(({ scanId }) => scanId));
        if (untold.length > 0) await queueFinals(tx, untold);
        return untold.length === range.limit;
      }),
    );
  }

  async function cleanUp(): Promise<void> {
    cleanedAt = performance.now();
    while ((await removeOldDeliveries(parts.db, CLEAN_UP_BATCH)) === CLEAN_UP_BATCH);
  }

  async function beginDue(): Promise<void> {
    const except = [...inFlight].filter(([, count]) => count >= IN_FLIGHT_EACH).map(([webhookId]) => webhookId);
    for (const due of await leaseDeliveries(parts.db, { each: IN_FLIGHT_EACH, leaseMs: LEASE_MS, except })) begin(due);
  }

  function begin(due: DueDelivery): void {
    inFlight.set(due.webhookId, (inFlight.get(due.webhookId) ?? 0) + 1);
    const task = deliver(parts, due, ending.signal)
      .catch((error: unknown) =>
        parts.log.warn({ err: error, delivery: due.deliveryId }, "cannot settle a webhook delivery; it is sent again"),
      )
      .finally(() => {
        sending.delete(task);
        const left = (inFlight.get(due.webhookId) ?? 1) - 1;
        if (left > 0) inFlight.set(due.webhookId, left);
        else inFlight.delete(due.webhookId);
      });
    sending.add(task);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const retrying = (name: string) => (error: unknown) => parts.log.warn({ err: error }, `webhooks: cannot ${name}; retrying`);
      const due = await readDueWebhooks(parts.db).catch(retrying("look for deliveries"));
      for (const { name, isDue, run: step } of steps) if (isDue(due ?? ALL_DUE)) await step().catch(retrying(name));
      await pause(POLL_MS);
    }
  }

  const running = run();
  return {
    async stop() {
      ending.abort();
      await running;
      await Promise.all(sending);
    },
  };
}

async function deliver(parts: WebhookParts, due: DueDelivery, signal: AbortSignal): Promise<void> {
  const report = await readBriefScan(parts.db, due.scanId);
  const result: AttemptResult = report
    ? await attempt(parts, due, payload(due.event, report, await flipOf(parts.db, due)), signal)
    : { state: "FAILED", status: null, error: "the scan was deleted" };
  // The gateway is stopping. The lease will expire and another attempt will follow.
  if (signal.aborted && result.status === null) return;
  if (result.status === GONE) await enableWebhook(parts.db, due.webhookId, false);
  await settleDelivery(parts.db, due, result);
}

async function attempt(parts: WebhookParts, due: DueDelivery, body: string, signal: AbortSignal): Promise<AttemptResult> {
  const id = `msg_${due.deliveryId}`;
  const timestamp = `${Math.floor(Date.now() / 1_000)}`;
  const headers = {
    "content-type": "application/json",
    "user-agent": "ScanMesh",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${createHmac("sha256", due.secret).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  };
  try {
    const networks = parts.config.webhookNetworks;
    const { status, retryAfter } = await postWebhook({ url: due.url, headers, body, networks, signal });
    if (status >= 200 && status < 300) return { state: "DELIVERED", status, error: null };
    const error = status === GONE ? "HTTP 410: the receiver is gone, and the webhook was disabled" : `HTTP ${status}`;
    return failed(due, status, error, readRetryAfter(retryAfter));
  } catch (error) {
    return failed(due, null, lineOf(error));
  }
}

/** Schedules the next attempt, no earlier than the receiver asked for. */
function failed({ attempts }: DueDelivery, status: number | null, error: string, retryAfterMs = 0): AttemptResult {
  const seconds = status === GONE ? undefined : BACK_OFF_S[attempts - 1];
  if (seconds === undefined) return { state: "FAILED", status, error };
  // Jitter, so that a receiver that has recovered does not get everything at once.
  return { state: "PENDING", status, error, retryMs: Math.max(seconds * 1_000, retryAfterMs) * (1 + Math.random() / 5) };
}

/** The changed verdict, for events about that. */
async function flipOf(db: Database, { event, scanId }: DueDelivery): Promise<object | undefined> {
  const found = event === "VERDICT_FLIPPED" ? await readFlipOf(db, scanId) : undefined;
  if (!found) return undefined;
  const { flipId, engine, at } = found;
  const from = { verdict: found.from, signature: found.fromSignature, version: found.fromVersion };
  const to = { verdict: found.to, signature: found.toSignature, version: found.toVersion };
  return { flipId, engine, at, from, to };
}

/** The body of a delivery: the scan in its state at the time of sending. */
function payload(event: WebhookEvent, report: BriefReport, flip: object | undefined): string {
  const { scanId, name, verdict, detections, done, total, revision, startDate, endDate, labels, batchId, previous } = report;
  const { md5, sha1, sha256, size, mime } = report.sample;
  const results = report.results.map(({ engine, type, state, signature, error, ...result }) => {
    return { engine, type, state, verdict: result.verdict, signature, error };
  });
  const sample = { md5, sha1, sha256, size, mime };
  const counts = { detections, done, total, revision };
  const scan = { scanId, name, verdict, ...counts, startDate, endDate, labels, batchId, previous, sample, results };
  return JSON.stringify({ type: payloadType(event), timestamp: endDate, data: { scan, flip } });
}
