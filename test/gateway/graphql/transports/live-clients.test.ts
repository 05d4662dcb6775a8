/** Subscriptions through the clients that people use, against two gateways and two agents, each a process of its own. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ApolloClient, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client as UrqlClient, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient, type Client as SocketClient } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { EICAR } from "../../../scanner-agent/eicar.js";
import { until, type Part } from "../../../stage/stage.js";
import { useStage } from "../../../stage/use-stage.js";
import { data } from "../../http/http-client.js";

type Results = readonly Record<string, unknown>[];
type Variables = Record<string, unknown>;
/** Subscribes and resolves to every result once the subscription has ended. */
type Watch = (url: string, query: string, variables: Variables) => Promise<Results>;

const MANIFEST = `name: Slowly
type: AV
speed: FAST
internet: false
slots: 4
output: clamd
run:
  process: { command: [sh, -c, 'sleep 0.3; if grep -q EICAR- "$1"; then printf "stream: Eicar FOUND\\0"; else printf "stream: OK\\0"; fi', slowly, "{file}"] }
`;

let gateways: Part[];
const sockets: SocketClient[] = [];

const stage = useStage();

beforeAll(async () => {
  gateways = [await stage.gatewayProcess(), await stage.gatewayProcess()];
  for (const id of ["one", "two"]) await stage.agentProcess({ id, engines: { slowly: MANIFEST } });
  await until("both agents are known to both gateways", async () =>
    (
      await Promise.all(
        gateways.map(async ({ url }) =>
          data<{ agents: { engines: { healthy: boolean }[] }[] }>(url, "{ agents { engines { healthy } } }"),
        ),
      )
    ).every(({ agents }) => agents.length === 2 && agents.every(({ engines }) => engines[0]?.healthy)),
  );
});

afterAll(async () => {
  await Promise.all(sockets.map((client) => client.dispose()));
});

function socket(url: string): SocketClient {
  const client = createSocketClient({ url: `${url.replace("http", "ws")}/graphql`, webSocketImpl: WebSocket });
  sockets.push(client);
  return client;
}

async function all(items: AsyncIterable<{ data?: unknown; errors?: unknown }>): Promise<Results> {
  const found: Record<string, unknown>[] = [];
  for await (const item of items) {
    if (!item.data) throw new Error(JSON.stringify(item.errors));
    found.push(item.data as Record<string, unknown>);
  }
  return found;
}

const CLIENTS: Record<string, Watch> = {
  "graphql-ws": (url, query, variables) => all(socket(url).iterate({ query, variables })),
  "graphql-sse": (url, query, variables) => all(createSseClient({ url: `${url}/graphql/stream` }).iterate({ query, variables })),
  urql: (url, query, variables) =>
    new Promise((resolve, reject) => {
      const transport = socket(url);
      const found: Record<string, unknown>[] = [];
      const forwardSubscription = ({
        query: text = "",
        variables: values,
      }: {
        query?: string | undefined;
        variables?: unknown;
      }) => ({
        subscribe: (sink: Parameters<SocketClient["subscribe"]>[1]) => ({
          unsubscribe: transport.subscribe({ query: text, variables: values as Variables }, sink),
        }),
      });
      const client = new UrqlClient({
        url: `${url}/graphql`,
        preferGetMethod: false,
        exchanges: [subscriptionExchange({ forwardSubscription: forwardSubscription as never })],
      });
      client.subscription(query, variables).subscribe((result) => {
        if (result.error) return reject(result.error);
        found.push(result.data);
        // It tells of the end of a subscription by nothing that a plain subscriber could see.
        const [value] = Object.values(result.data as Record<string, { endDate?: string | null; counts?: { open: number } }>);
        if (value?.endDate || value?.counts?.open === 0) resolve(found);
      });
    }),
  "Apollo Client": (url, query, variables) =>
    new Promise((resolve, reject) => {
      const client = new ApolloClient({ link: new GraphQLWsLink(socket(url)), cache: new InMemoryCache() });
      const found: Record<string, unknown>[] = [];
      client.subscribe({ query: gql(query), variables }).subscribe({
        next(result) {
          if (result.error) return reject(result.error);
          found.push(result.data as Record<string, unknown>);
        },
        complete: () => resolve(found),
        error: reject,
      });
    }),
  "curl -N": async (url, query, variables) => {
    const body = JSON.stringify({ query, variables });
    const { stdout } = await promisify(execFile)("curl", [
      "-sN",
      "-Hcontent-type: application/json",
      "-Haccept: text/event-stream",
      "--data-raw",
      body,
      `${url}/graphql/stream`,
    ]);
    expect(stdout).toMatch(/event: complete\ndata:\n\n$/);
    return [...stdout.matchAll(/^event: next\ndata: (.*)$/gm)].map(([, text = ""]) => JSON.parse(text).data);
  },
};

const SUBMIT = `mutation ($base64: String!) { submitScan(input: { base64: $base64, name: "watched" }) { ... on SubmitScanSuccess { scan { scanId sample { sha256 } } } } }`;
const REPORT = "scanId revision verdict endDate done total results { engine state verdict signature }";
const WATCH_SCAN = `subscription Watch($id: SafeInt!) { scanUpdated(id: $id) { ${REPORT} } }`;
const WATCH_BATCH =
  "subscription Watch($id: SafeInt!) { batchUpdated(id: $id) { batchId revision total counts { open final infected clean } } }";

interface Submitted {
  readonly submitScan: { readonly scan: { readonly scanId: number; readonly sample: { readonly sha256: string } } };
}

const url = (gateway: 0 | 1) => gateways[gateway]?.url ?? "";
const submit = async (text: Buffer) =>
  (await data<Submitted>(url(0), SUBMIT, { base64: text.toString("base64") })).submitScan.scan;
const revisions = (results: Results, field: string) => results.map((one) => (one[field] as { revision: number }).revision);

describe.each(Object.entries(CLIENTS))("%s", (name, watch) => {
  it("watches a scan at another gateway than it was sent to, to its end", async () => {
    const { scanId } = await submit(Buffer.concat([EICAR, Buffer.from(name)]));
    const seen = await watch(url(1), WATCH_SCAN, { id: scanId });
    const report = (await data<{ scan: object }>(url(0), `{ scan(id: ${scanId}) { ${REPORT} } }`)).scan;
    expect(seen.at(-1)?.["scanUpdated"]).toMatchObject(report);
    expect(report).toMatchObject({ verdict: "INFECTED", results: [{ engine: "Slowly", state: "DONE" }] });
    expect(revisions(seen, "scanUpdated")).toEqual(revisions(seen, "scanUpdated").toSorted((a, b) => a - b));
  });

  it("watches a batch until its last scan is final", async () => {
    const samples = await Promise.all(
      [EICAR, Buffer.from("clean")].map((bytes, i) => submit(Buffer.concat([bytes, Buffer.from(`${name} ${i}`)]))),
    );
    const input = { samples: samples.map(({ sample: { sha256 } }) => ({ sha256, name: "again" })) };
    const { submitScans } = await data<{ submitScans: { batch: { batchId: number } } }>(
      url(0),
      "mutation ($input: SubmitScansInput!) { submitScans(input: $input) { ... on SubmitScansSuccess { batch { batchId } } ... on UserError { message } } }",
      { input },
    );
    const seen = await watch(url(1), WATCH_BATCH, { id: submitScans.batch.batchId });
    expect(seen.at(-1)?.["batchUpdated"]).toMatchObject({ total: 2, counts: { open: 0, final: 2, infected: 1, clean: 1 } });
  });
});

it("the feed, the queues and the fleet are watched together over one connection", async () => {
  const client = socket(url(1));
  const feed = client.iterate<{ scanFeed: { cursor: string; scans: { scanId: number; endDate: string | null }[] } }>({
    query: `subscription { scanFeed(filter: { verdicts: [INFECTED] }) { cursor scans { scanId endDate results { engine verdict } } } }`,
  });
  const [queues, agents] = [
    client.iterate<{ queueChanged: object }>({
      query: "subscription { queueChanged { snapshot queues { engine { name } waiting running slots } } }",
    }),
    client.iterate<{ agentChanged: object }>({ query: "subscription { agentChanged { snapshot agents { agent } } }" }),
  ];
  expect((await queues.next()).value?.data?.queueChanged).toMatchObject({
    snapshot: true,
    queues: [{ engine: { name: "Slowly" }, slots: 8 }],
  });
  expect((await agents.next()).value?.data?.agentChanged).toMatchObject({
    snapshot: true,
    agents: [{ agent: "one" }, { agent: "two" }],
  });
  expect((await feed.next()).value?.data?.scanFeed.scans).toEqual([]);
  await submit(Buffer.from("clean, and so not told of"));
  const { scanId } = await submit(Buffer.concat([EICAR, Buffer.from("for the feed")]));
  expect((await feed.next()).value?.data?.scanFeed.scans).toMatchObject([
    { scanId, results: [{ engine: "Slowly", verdict: "INFECTED" }] },
  ]);
});
