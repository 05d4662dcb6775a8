import { createHmac } from "node:crypto";

import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data, graphql } from "../http/http-client.js";
import { CREATE_WEBHOOK, startReceiver, type CreatedWebhook } from "./webhook-receiver.js";

const LOCAL = { SCANMESH_WEBHOOK_NETWORKS: "127.0.0.0/8" };

const stage = useStage();
const gateway = prepared(() => stage.gateway(LOCAL));
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const receiver = prepared(startReceiver, ({ close }) => close());

beforeEach(() => receiver.reset());

afterEach(async () => {
  await stage.db.deleteFrom("webhooks").execute();
});

async function create(input: object): Promise<CreatedWebhook> {
  return (
    await data<{ createWebhook: CreatedWebhook }>(gateway.url, CREATE_WEBHOOK, {
      input: { url: receiver.url, events: ["SCAN_FINISHED"], ...input },
    })
  ).createWebhook;
}

let made = 0;

async function scan(): Promise<number> {
  const base64 = Buffer.from(`webhook ${++made}`).toString("base64");
  const { submitScan } = await data<{ submitScan: { scan: { scanId: number } } }>(
    gateway.url,
    `mutation($base64: String!) { submitScan(input: { base64: $base64, name: "a.bin", labels: [{ key: "case", value: "9" }] }) { ... on SubmitScanSuccess { scan { scanId } } } }`,
    { base64 },
  );
  return submitScan.scan.scanId;
}

async function finished(verdict: "CLEAN" | "INFECTED"): Promise<number> {
  const scanId = await scan();
  await agent.answer("Alpha", { scan: scanId, verdict, signature: verdict === "INFECTED" ? "Evil" : null });
  return scanId;
}

interface Delivery {
  readonly deliveryId: number;
  readonly event: string;
  readonly state: string;
  readonly attempts: number;
  readonly scanId: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly lastAttemptAt: string | null;
  readonly nextAttemptAt: string | null;
}

async function log(): Promise<Delivery[]> {
  const query = `{ webhooks { deliveries(first: 100) {
    nodes { deliveryId event state attempts scanId lastStatus lastError lastAttemptAt nextAttemptAt } pageInfo { hasNextPage } } } }`;
  const { webhooks } = await data<{ webhooks: { deliveries: { nodes: Delivery[] } }[] }>(gateway.url, query);
  return webhooks.flatMap(({ deliveries }) => deliveries.nodes);
}

/** Makes what waits for its next attempt due now. */
const hurry = () => sql`update webhook_deliveries set next_attempt_at = now() where state = 'PENDING'`.execute(stage.db);
const settled = async () => {
  const entries = await log();
  return entries.length > 0 && entries.every(({ state }) => state !== "PENDING") ? entries : undefined;
};

it("a cursor of another list is none of the log's", async () => {
  await create({});
  const after = Buffer.from("scans NEWEST_FIRST:1:1").toString("base64url");
  const query = "query($after: String) { webhooks { deliveries(after: $after) { nodes { deliveryId } } } }";
  const { errors } = await graphql(gateway.url, query, { after });
  expect(errors).toMatchObject([{ message: "after: is not a cursor of this list", extensions: { code: "BAD_INPUT" } }]);
});

describe("a webhook", () => {
  it("is told of a scan that became final, signed so that the receiver can check it", async () => {
    const { secret } = await create({});
    const begun = Math.floor(Date.now() / 1_000);
    const scanId = await finished("INFECTED");
    const [delivery] = await until("it is delivered", settled);
    expect(delivery).toMatchObject({ event: "SCAN_FINISHED", state: "DELIVERED", attempts: 1, scanId, lastStatus: 200 });
    const [{ headers, body } = { headers: {}, body: "" }] = receiver.received;
    expect(receiver.received).toHaveLength(1);
    expect(JSON.parse(body)).toMatchObject({
      type: "scan.finished",
      data: {
        scan: {
          scanId,
          name: "a.bin",
          labels: { case: "9" },
          batchId: null,
          previous: null,
          verdict: "INFECTED",
          sample: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          results: [{ engine: "Alpha", state: "DONE", verdict: "INFECTED", signature: "Evil" }],
        },
      },
    });
    const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = headers;
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    expect(signature).toBe(
      `v1,${createHmac("sha256", key)
        .update(`${String(id)}.${String(timestamp)}.${body}`)
        .digest("base64")}`,
    );
    expect(Number(timestamp)).toBeGreaterThanOrEqual(begun);
    expect(Number(timestamp)).toBeLessThanOrEqual(Date.now() / 1_000);
  });

  it("that asks for detections hears of nothing else, and of one that comes after the scan was final", async () => {
    await create({ events: ["SCAN_DETECTED"] });
    await finished("CLEAN");
    const late = await scan();
    await stage.db
      .updateTable("scans")
      .set({ deadline: new Date(0) })
      .where("id", "=", late)
      .execute();
    await until(
      "it is overdue",
      async () => (await stage.db.selectFrom("scans").select("end_date").where("id", "=", late).executeTakeFirst())?.end_date,
    );
    const infected = await finished("INFECTED");
    await until("the infected one is delivered", settled);
    await agent.answer("Alpha", { scan: late, verdict: "INFECTED", signature: "Late" });
    const entries = await until("both are delivered", async () => ((await settled())?.length === 2 ? settled() : undefined));
    expect(entries.map(({ event, scanId }) => [event, scanId])).toEqual([
      ["SCAN_DETECTED", late],
      ["SCAN_DETECTED", infected],
    ]);
  });

  it("is tried again after a failure, later each time, and given up in the end; then it can be sent by hand", async () => {
    await create({});
    receiver.answer(500);
    await finished("CLEAN");
    const [first] = await until("it was tried", async () => ((await log())[0]?.lastStatus === 500 ? log() : undefined));
    expect(first).toMatchObject({ state: "PENDING", lastStatus: 500, lastError: "HTTP 500" });
    const wait = Date.parse(String(first?.nextAttemptAt)) - Date.parse(String(first?.lastAttemptAt));
    expect(wait).toBeGreaterThan(2_000);
    for (let attempts = 2; (await log())[0]?.state === "PENDING"; attempts++) {
      await hurry();
      await until(`attempt ${attempts} was made`, async () => {
        const [now] = await log();
        return now?.attempts === attempts && now.lastStatus === 500;
      });
    }
    expect((await log())[0]).toMatchObject({ state: "FAILED", attempts: 12, nextAttemptAt: null });
    receiver.answer(204);
    const { redeliverWebhook } = await data<{ redeliverWebhook: { delivery: Delivery } }>(
      gateway.url,
      `mutation($id: SafeInt!) { redeliverWebhook(deliveryId: $id) { ... on RedeliverWebhookSuccess { delivery { state attempts } } } }`,
      { id: first?.deliveryId },
    );
    expect(redeliverWebhook.delivery).toEqual({ state: "PENDING", attempts: 0 });
    expect((await until("it is delivered", settled))[0]).toMatchObject({ state: "DELIVERED", attempts: 1, lastStatus: 204 });
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(1);
  });

  it("is tried again no earlier than it asks for", async () => {
    await create({});
    receiver.answer(503);
    receiver.askToWait(3_600);
    await finished("CLEAN");
    const [first] = await until("it was tried", async () => ((await log())[0]?.lastStatus === 503 ? log() : undefined));
    const wait = Date.parse(String(first?.nextAttemptAt)) - Date.parse(String(first?.lastAttemptAt));
    expect(wait).toBeGreaterThanOrEqual(3_600_000);
  });

  it("is not followed to where it redirects", async () => {
    await create({});
    receiver.answer(302);
    await finished("CLEAN");
    await until("it was tried", async () => (await log())[0]?.lastStatus === 302);
    expect(receiver.received).toHaveLength(1);
    expect((await log())[0]).toMatchObject({ state: "PENDING", lastError: "HTTP 302" });
  });

  it("that answers 410 Gone is switched off", async () => {
    const { webhook } = await create({});
    receiver.answer(410);
    await finished("CLEAN");
    expect(await until("it is settled", settled)).toMatchObject([{ state: "FAILED", lastStatus: 410 }]);
    expect(await data(gateway.url, "{ webhooks { webhookId enabled } }")).toEqual({
      webhooks: [{ webhookId: webhook.webhookId, enabled: false }],
    });
  });

  it("hears of each scan once, whichever of two gateways sends it, and nothing from before it was made", async () => {
    await finished("CLEAN");
    const other = await stage.gateway(LOCAL);
    await create({});
    const ids = await Promise.all(Array.from({ length: 30 }, () => finished("CLEAN")));
    await until("all are delivered", async () => (await settled())?.length === ids.length);
    const told = receiver.received.map(
      ({ body }) => (JSON.parse(body) as { data: { scan: { scanId: number } } }).data.scan.scanId,
    );
    expect(told.toSorted((a, b) => a - b)).toEqual(ids.toSorted((a, b) => a - b));
    await other.stop();
  });

  it("that its gateway left without an answer is told by another", async () => {
    await create({});
    const scanId = await finished("CLEAN");
    await until("it is delivered", settled);
    await sql`update webhook_deliveries set state = 'PENDING', next_attempt_at = now() + interval '1 second'`.execute(stage.db);
    await until("it is told again", () => receiver.received.length === 2);
    expect(receiver.received.map(({ body }) => JSON.parse(body).data.scan.scanId)).toEqual([scanId, scanId]);
  });
});

it("a webhook can be switched off and on, and removed; what is not there is said to be so", async () => {
  const { webhook } = await create({ secret: `whsec_${Buffer.alloc(24, 7).toString("base64")}` });
  const id = { id: webhook.webhookId };
  const ask = (text: string, variables = id) => data(gateway.url, `mutation($id: SafeInt!) { ${text} }`, variables);
  const off = `setWebhookEnabled(webhookId: $id, enabled: false) { ... on SetWebhookEnabledSuccess { webhook { enabled } } ... on UserError { code } }`;
  const gone = `deleteWebhook(webhookId: $id) { ... on DeleteWebhookSuccess { webhookId } ... on UserError { code } }`;
  expect(await ask(off)).toEqual({ setWebhookEnabled: { webhook: { enabled: false } } });
  expect(await ask(gone)).toEqual({ deleteWebhook: { webhookId: webhook.webhookId } });
  expect(await ask(gone)).toEqual({ deleteWebhook: { code: "NOT_FOUND" } });
  expect(await ask(off)).toEqual({ setWebhookEnabled: { code: "NOT_FOUND" } });
  expect(await ask("redeliverWebhook(deliveryId: $id) { ... on UserError { code } }", { id: 999_999 })).toEqual({
    redeliverWebhook: { code: "NOT_FOUND" },
  });
  const actions = await stage.db
    .selectFrom("audit_events")
    .select("action")
    .where("subject", "=", `${webhook.webhookId}`)
    .orderBy("id")
    .execute();
  expect(actions.map(({ action }) => action).slice(-3)).toEqual(["createWebhook", "setWebhookEnabled", "deleteWebhook"]);
});
