import { randomBytes } from "node:crypto";
import type { DeliveryRecord, WebhookEvent, WebhookRecord } from "../../schema/webhooks.js";
import type { Caller } from "../caller.js";
import { audit } from "../db/audit.js";
import { deleteWebhook, enableWebhook, insertWebhook, requeueDelivery } from "../db/webhooks.js";
import { badInput, GatewayError } from "../errors.js";
import { checkHost } from "../webhooks/webhook-request.js";
import type { ScanContext } from "./context.js";

const SECRET_PREFIX = "whsec_";
const SECRET_BYTES = { generated: 32, min: 24, max: 64 };
const URL_LENGTH = 2_048;

/** The properties of a new webhook. */
export interface WebhookInput {
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  /** `whsec_` and the base64 of 24 to 64 bytes; by default one is generated. */
  readonly secret?: string | undefined;
}

/** Creates a webhook. Its secret cannot be retrieved later. Throws BAD_INPUT. */
export async function createWebhook(
  ctx: ScanContext,
  caller: Caller,
  { url, events, secret = newSecret() }: WebhookInput,
): Promise<{ webhook: WebhookRecord; secret: string }> {
  const wanted = [...new Set(events)];
  if (wanted.length === 0) throw badInput("events", "names none");
  const key = secretBytes(secret);
  await checkUrl(ctx, url);
  const webhook = await ctx.db.transaction().execute(async (tx) => {
    const inserted = await insertWebhook(tx, { url, events: wanted, secret: key });
    await audit(tx, caller, "createWebhook", `${inserted.webhookId}`, { url, events: wanted });
    return inserted;
  });
  return { webhook, secret };
}

function newSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES.generated).toString("base64");
}

function secretBytes(secret: string): Buffer {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : undefined;
  const bytes = Buffer.from(text ?? "", "base64");
  if (bytes.length < SECRET_BYTES.min || bytes.length > SECRET_BYTES.max || bytes.toString("base64") !== text) {
    throw badInput("secret", `must be ${SECRET_PREFIX} and the base64 of 24 to 64 bytes`);
  }
  return bytes;
}

async function checkUrl({ config }: ScanContext, url: string): Promise<void> {
  const bad = (what: string, cause?: unknown) => badInput("url", what, cause);
  if (url.length > URL_LENGTH) throw bad(`has ${url.length} characters; ${URL_LENGTH} is the most`);
  if (!URL.canParse(url)) throw bad("is not an address");
  const { protocol, hostname, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") throw bad("must begin with https:// or http://");
  if (username !== "" || password !== "") throw bad("must not hold a user or a password: deliveries are signed");
  try {
    await checkHost(hostname, config.webhookNetworks);
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error), error);
  }
}

/** Enables or disables a webhook. Throws NOT_FOUND. */
export async function setWebhookEnabled(ctx: ScanContext, caller: Caller, webhookId: number, enabled: boolean) {
  return ctx.db.transaction().execute(async (tx): Promise<WebhookRecord> => {
    const webhook = await enableWebhook(tx, webhookId, enabled);
    if (!webhook) throw unknown(webhookId);
    await audit(tx, caller, "setWebhookEnabled", `${webhookId}`, { enabled });
    return webhook;
  });
}

/** Deletes a webhook with its log. Throws NOT_FOUND. */
export async function removeWebhook(ctx: ScanContext, caller: Caller, webhookId: number): Promise<void> {
  await ctx.db.transaction().execute(async (tx) => {
    if (!(await deleteWebhook(tx, webhookId))) throw unknown(webhookId);
    await audit(tx, caller, "deleteWebhook", `${webhookId}`);
  });
}

/** Sends a delivery again, whatever its state. Throws NOT_FOUND. */
export async function redeliver(ctx: ScanContext, caller: Caller, deliveryId: number): Promise<DeliveryRecord> {
  return ctx.db.transaction().execute(async (tx) => {
    const delivery = await requeueDelivery(tx, deliveryId);
    if (!delivery) throw new GatewayError("NOT_FOUND", `there is no delivery ${deliveryId}`);
    await audit(tx, caller, "redeliverWebhook", `${deliveryId}`);
    return delivery;
  });
}

function unknown(webhookId: number): GatewayError {
  return new GatewayError("NOT_FOUND", `there is no webhook ${webhookId}`);
}
