/** A list that is still being read ends in Postgres when its client leaves, however it has asked and however it leaves. */

import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { createClient } from "graphql-ws";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createApiKey } from "../../../../gateway/scan/api-keys.js";
import { TESTER, until } from "../../../stage/stage.js";
import { prepared, useStage } from "../../../stage/use-stage.js";
import { waitingLists, whileLocked } from "../../db/locked-scans.js";
import { data } from "../../http/http-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_LIST_TIMEOUT: "5m" }));

const LIST = '{ scans(first: 1, filter: { names: ["%a%"] }) { totalCount } }';
const BODY = JSON.stringify({ query: LIST });
const FEED = 'subscription ($after: String) { scanFeed(after: $after, filter: { names: ["%a%"] }) { cursor } }';

/** Asks, and returns how its client leaves. */
type Asking = () => Promise<() => unknown> | (() => unknown);

function ask(path: string, body: string, options: { agent?: Agent; method?: string; type?: string } = {}): () => unknown {
  const { agent, method = "POST", type = "application/json" } = options;
  const headers = { "content-type": type, "content-length": Buffer.byteLength(body) };
  const outgoing = request(`${gateway.url}${path}`, { method, headers, ...(agent ? { agent } : {}) });
  outgoing.on("error", () => {}).end(body);
  return () => outgoing.destroy();
}

function socket() {
  const url = `${gateway.url.replace("http", "ws")}/graphql`;
  // Without `lazy` it stays connected after its operation.
  const client = createClient({ url, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0, onNonLazyError() {} });
  onTestFinished(() => client.dispose());
  return client;
}

function overSocket(query: string, variables: Record<string, unknown> = {}) {
  const client = socket();
  const complete = client.subscribe({ query, variables }, { next() {}, error() {}, complete() {} });
  return { client, complete };
}

/** A place from which the feed is caught up with. */
async function oldCursor(): Promise<string> {
  const reader = gateway.context.feeds.watch({ verdicts: ["CLEAN"] }, undefined);
  const { value } = await reader.next();
  await reader.return();
  await createApiKey(gateway.context, TESTER, { name: "a transaction", scopes: ["scan:read"] });
  return value?.cursor ?? "";
}

const CLIENTS: Record<string, Asking> = {
  "GraphQL by POST": () => ask("/graphql", BODY),
  "GraphQL by POST of a connection that is kept": async () => {
    const agent = new Agent({ keepAlive: true });
    await data(gateway.url, "{ __typename }");
    return ask("/graphql", BODY, { agent });
  },
  "a search": () => ask("/graphql", JSON.stringify({ query: '{ search(text: "a*") { totalCount } }' })),
  "GraphQL by GET": () => ask(`/graphql?query=${encodeURIComponent(LIST)}`, "", { method: "GET" }),
  "GraphQL as an event stream": () => ask("/graphql/stream", BODY),
  "a form of the API before /api/v1": () =>
    ask("/api/search", "file_hash=%25a%25", { type: "application/x-www-form-urlencoded" }),
  "a client that ends its side": async () => {
    const { port, hostname } = new URL(gateway.url);
    const client = connect(Number(port), hostname).on("error", () => {});
    const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}`;
    client.write(`${head}\r\n\r\n${BODY}`);
    await once(client, "connect");
    return () => client.end();
  },
  "a WebSocket that closes": () => {
    const { client } = overSocket(LIST);
    return () => client.dispose();
  },
  "a WebSocket that completes the operation": () => overSocket(LIST).complete,
  "a feed that is caught up with": async () => overSocket(FEED, { after: await oldCursor() }).complete,
  "a feed that is caught up with as an event stream": async () =>
    ask("/graphql/stream", JSON.stringify({ query: FEED, variables: { after: await oldCursor() } })),
};

async function leaveWhileWaiting(begin: Asking, table?: string): Promise<void> {
  const asking = async () => {
    const leave = await begin();
    await until("the list waits", () => waitingLists(stage.db));
    await leave();
    await until("it does not wait any more", async () => (await waitingLists(stage.db)) === 0);
  };
  await whileLocked(stage.db, asking, table);
}

it.each(Object.entries(CLIENTS))("%s", async (_, begin) => {
  await leaveWhileWaiting(begin);
  expect(await data(gateway.url, "{ __typename }")).toBeDefined();
});

it("a text that is looked for in the audit", async () => {
  const query = '{ auditEvents(filter: { text: "a" }) { nodes { id } } }';
  await leaveWhileWaiting(() => ask("/graphql", JSON.stringify({ query })), "audit_events");
  expect(await data(gateway.url, query)).toBeDefined();
});
