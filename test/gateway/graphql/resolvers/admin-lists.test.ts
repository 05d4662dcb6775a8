/** Lists that only admins read: keys, webhooks' deliveries, the audit log. */

import { createClient } from "graphql-ws";
import { sql } from "kysely";
import { beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { audit } from "../../../../gateway/db/audit.js";
import { TESTER } from "../../../stage/stage.js";
import { prepared, useStage } from "../../../stage/use-stage.js";
import { ask, data, graphql } from "../../http/http-client.js";
import { idOf, keyWith, operation } from "../../keys/keyed-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

interface Keys {
  readonly nodes: readonly { id: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

it("keys are listed a page at a time, also when several were created at the same moment", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) ids.push(idOf(await keyWith(gateway, ["scan:read"], { name: `key ${i}` })));
  await sql`update api_keys set created_at = now()`.execute(stage.db);
  await sql`update api_keys set revoked_at = now() where id = ${ids[3]}`.execute(stage.db);
  const query = `query($after: String, $revoked: Boolean!) {
    apiKeyConnection(first: 2, after: $after, revoked: $revoked) { nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } }`;
  for (const revoked of [false, true]) {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Keys = (await data<{ apiKeyConnection: Keys }>(gateway.url, query, { after, revoked })).apiKeyConnection;
      seen.push(...page.nodes.map(({ id }) => id));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(
      ids
        .filter((id) => revoked || id !== ids[3])
        .toSorted()
        .toReversed(),
    );
  }
  for (const after of [
    "AAAA",
    Buffer.from("auditEvents:1:1").toString("base64url"),
    Buffer.from("apiKeys:'").toString("base64url"),
  ])
    expect((await graphql(gateway.url, query, { after, revoked: false })).errors).toMatchObject([
      { message: "after: is not a cursor of this list", extensions: { code: "BAD_INPUT" } },
    ]);
});

async function insertWebhook(): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into webhooks (url, events, secret, enabled) values ('https://192.0.43.8/', '{SCAN_FINISHED}', ${Buffer.alloc(32)}, false)
    returning id`.execute(stage.db);
  return rows[0]?.id ?? 0;
}

interface Delivery {
  readonly deliveryId: number;
  readonly webhookId: number;
  readonly state: string;
}

beforeAll(async () => {
  const webhookId = await insertWebhook();
  await sql`
    insert into webhook_deliveries (webhook_id, event, scan_id, state, created_at)
    select ${webhookId}, 'SCAN_FINISHED', i, case when i % 1000 = 0 then 'FAILED' when i % 1000 = 1 then 'PENDING' else 'DELIVERED' end,
      now() - interval '1 day'
    from generate_series(1, 5000) as i`.execute(stage.db);
  await sql`analyze webhook_deliveries`.execute(stage.db);
});

it("a webhook's deliveries are listed by their state, from an index", async () => {
  const query = `query($state: DeliveryState) { webhooks { deliveries(first: 100, state: $state) { nodes { deliveryId webhookId state scanId } } } }`;
  for (const [state, count] of [
    ["FAILED", 5],
    ["PENDING", 5],
    ["DELIVERED", 100],
    [null, 100],
  ] as const) {
    const { webhooks } = await data<{ webhooks: { deliveries: { nodes: Delivery[] } }[] }>(gateway.url, query, { state });
    const nodes = webhooks.flatMap(({ deliveries }) => deliveries.nodes);
    expect(nodes).toHaveLength(count);
    if (state !== null) expect(new Set(nodes.map((node) => node.state))).toEqual(new Set([state]));
  }
  const plan = await sql<{ "QUERY PLAN": string }>`
    explain select * from webhook_deliveries where webhook_id = 1 and state = 'FAILED' order by id desc limit 26`.execute(
    stage.db,
  );
  expect(plan.rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("webhook_deliveries_undelivered");
});

it("deliveries are watched as they are entered, sent and given up, whichever webhook they are of", async () => {
  const client = createClient({
    url: `${gateway.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const query = "subscription { webhookDeliveryChanged { revision snapshot deliveries { deliveryId webhookId state scanId } } }";
  interface Change {
    readonly webhookDeliveryChanged: { readonly snapshot: boolean; readonly deliveries: readonly Delivery[] };
  }
  const changes = client.iterate<Change>({ query });
  const next = async () => ((await changes.next()).value as { data: Change }).data.webhookDeliveryChanged;
  const first = await next();
  expect(first.snapshot).toBe(true);
  expect(first.deliveries).toHaveLength(100);
  const webhookId = await insertWebhook();
  await sql`insert into webhook_deliveries (webhook_id, event, scan_id) values (${webhookId}, 'SCAN_FINISHED', 1)`.execute(
    stage.db,
  );
  expect(await next()).toMatchObject({ snapshot: false, deliveries: [{ webhookId, state: "PENDING" }] });
  // One from long ago that is sent again.
  await sql`update webhook_deliveries set state = 'DELIVERED', last_attempt_at = now() where id = 1`.execute(stage.db);
  expect(await next()).toMatchObject({ snapshot: false, deliveries: [{ deliveryId: 1, state: "DELIVERED" }] });
  await client.dispose();
  const plan = await sql<{ "QUERY PLAN": string }>`
    explain select * from webhook_deliveries order by coalesce(last_attempt_at, created_at) desc, id desc limit 100`.execute(
    stage.db,
  );
  expect(plan.rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("webhook_deliveries_activity");
});

it("the audit log is searched by a part of its texts, in any case, and by nothing that only looks like a pattern", async () => {
  await audit(stage.db, { ...TESTER, address: "10.9.8.7", requestId: "req-100%_x" }, "setEngineEnabled", "ClamAV", {
    enabled: false,
  });
  await audit(stage.db, TESTER, "deleteScan", "4711", { name: "Invoice.PDF" });
  const query = `query($text: String!) { auditEvents(filter: { text: $text }) { nodes { action subject } } }`;
  const found = async (text: string) =>
    (await data<{ auditEvents: { nodes: { subject: string }[] } }>(gateway.url, query, { text })).auditEvents.nodes.map(
      ({ subject }) => subject,
    );
  expect(await found("clam")).toEqual(["ClamAV"]);
  expect(await found("ENGINEENABLED")).toEqual(["ClamAV"]);
  expect(await found("0.9.8")).toEqual(["ClamAV"]);
  expect(await found("100%_X")).toEqual(["ClamAV"]);
  expect(await found("invoice.pdf")).toEqual(["4711"]);
  expect(await found("4_11")).toEqual([]);
  expect(await found("key 6")).toHaveLength(1);
  expect((await graphql(gateway.url, query, { text: "" })).errors).toMatchObject([{ extensions: { code: "BAD_INPUT" } }]);
});

it("none of them is for others than admins", async () => {
  const keyed = await stage.gateway({ SCANMESH_AUTH: "keys" });
  const key = await keyWith(keyed, ["scan:read", "scan:write", "sample:read", "fleet:write"]);
  const FORBIDDEN = "needs a key with the scope admin";
  expect((await operation(keyed, key, "{ apiKeyConnection { nodes { id } } }")).text).toContain(FORBIDDEN);
  const query = encodeURIComponent("subscription { webhookDeliveryChanged { revision } }");
  const stream = await ask(`${keyed.url}/graphql/stream?query=${query}`, { headers: { "x-api-key": key } });
  expect(stream.text).toContain(FORBIDDEN);
});
