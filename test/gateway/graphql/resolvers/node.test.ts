import { afterAll, beforeAll, expect, it } from "vitest";
import { engine, startPuppet, type PuppetAgent } from "../../../stage/puppet-agent.js";
import { data, graphql } from "../../http/http-client.js";
import { startHistory, type HistoryStage } from "../../db/history-stage.js";
import { statementsOf } from "../../db/statements.js";

let history: HistoryStage;
let agent: PuppetAgent;

beforeAll(async () => {
  history = await startHistory(60);
  agent = await startPuppet(history.stage, "puppet", [engine("Alpha")]);
});

afterAll(async () => {
  await agent.close();
  await history.stage.stop();
});

const KINDS = `{
  scan(id: 5) { id name sample { id } }
  engine(name: "CLAMAV") { id name }
  agents { id }
}`;

interface Kinds {
  readonly scan: { id: string; name: string; sample: { id: string } };
  readonly engine: { id: string; name: string };
  readonly agents: readonly { id: string }[];
}

const NODE = `query Node($id: ID!) { node(id: $id) { __typename id ... on Scan { name } ... on Engine { name } ... on Sample { sha256 } } }`;

it("an object is found again by its id, whatever it is", async () => {
  const { url } = history.gateway;
  const { scan, engine: clamav, agents } = await data<Kinds>(url, KINDS);
  expect(clamav.name).toBe("ClamAV");
  const find = async (id: string) => (await data<{ node: object | null }>(url, NODE, { id })).node;
  const sha256 = history.scans.find(({ scanId }) => scanId === 5)?.sha256;
  expect(await find(scan.id)).toEqual({ __typename: "Scan", id: scan.id, name: scan.name });
  expect(await find(scan.sample.id)).toEqual({ __typename: "Sample", id: scan.sample.id, sha256 });
  expect(await find(clamav.id)).toEqual({ __typename: "Engine", id: clamav.id, name: "ClamAV" });
  expect(await find(String(agents[0]?.id))).toEqual({ __typename: "Agent", id: agents[0]?.id });
});

it("results, webhooks, their deliveries and events of the audit are found again too", async () => {
  const { url, context } = history.gateway;
  const { createWebhook } = await data<{ createWebhook: { webhook: { id: string; webhookId: number } } }>(
    url,
    `mutation { createWebhook(input: { url: "https://192.0.43.8/", events: [SCAN_FINISHED] }) {
      ... on CreateWebhookSuccess { webhook { id webhookId } } } }`,
  );
  const { webhook } = createWebhook;
  await context.db
    .insertInto("webhook_deliveries")
    .values({
      webhook_id: webhook.webhookId,
      event: "SCAN_FINISHED",
      scan_id: 5,
      created_at: new Date(),
      next_attempt_at: new Date(),
    })
    .execute();
  const found = await data<{
    scan: { results: { id: string; engine: string }[] };
    webhooks: { deliveries: { edges: { cursor: string; node: { id: string } }[] } }[];
    auditEvents: { nodes: { id: string }[] };
  }>(
    url,
    "{ scan(id: 5) { results { id engine } } webhooks { deliveries { edges { cursor node { id } } } } auditEvents { nodes { id } } }",
  );
  const ids = {
    Result: found.scan.results[0]?.id,
    Webhook: webhook.id,
    WebhookDelivery: found.webhooks[0]?.deliveries.edges[0]?.node.id,
    AuditEvent: found.auditEvents.nodes[0]?.id,
  };
  for (const [__typename, nodeId] of Object.entries(ids))
    expect((await data<{ node: object }>(url, NODE, { id: nodeId })).node).toEqual({ __typename, id: nodeId });
});

const id = (text: string) => Buffer.from(text).toString("base64url");

it.each([
  ["a scan that is not there", id("Scan:999999")],
  ["a type that there is not", id("Toaster:1")],
  ["a type by which objects inherit", id("constructor:1")],
  ["no number", id("Scan:1; drop")],
  ["a number that is too large", id("Sample:9999999999999999")],
  ["nothing at all", ""],
  ["noise", "\u0001ÿ~~~"],
])("%s is null", async (_what, wrong) => {
  expect(await data(history.gateway.url, NODE, { id: wrong })).toEqual({ node: null });
});

it("several are found in their order, each kind in one statement", async () => {
  const ids = ["Scan:9", "Sample:3", "Scan:9999", "Scan:4", "Sample:1", "nothing"].map(id);
  const query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
  let nodes: unknown;
  const statements = await statementsOf(async () => ({ nodes } = await data(history.gateway.url, query, { ids })));
  expect(nodes).toEqual(ids.map((one, i) => (i === 2 || i === 5 ? null : { id: one })));
  // The gateway's own work reads beside it, by statements that begin with something else.
  const kinds = statements.flatMap((text) => /^select "(scans|samples)"\."id"/.exec(text)?.[1] ?? []);
  expect(kinds.toSorted()).toEqual(["samples", "scans"]);
  const many = Array.from({ length: 101 }, () => id("Scan:1"));
  expect((await graphql(history.gateway.url, query, { ids: many })).errors?.[0]?.extensions.code).toBe("BAD_INPUT");
});

it("an engine that is not there is null", async () => {
  expect(await data(history.gateway.url, `{ engine(name: "Gone") { name } }`)).toEqual({ engine: null });
});
