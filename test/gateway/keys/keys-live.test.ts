/** API keys over WebSocket and SSE, on two gateways: what is open closes when its key ends. */

import { createClient as createSseClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { revokeApiKey } from "../../../gateway/scan/api-keys.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { TESTER, until, type LocalGateway } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask, type GraphQLAnswer } from "../http/http-client.js";
import { idOf, inAnHour, keyWith, operation, passAnHour } from "./keyed-client.js";

const UNAUTHORIZED = 4401;

let one: LocalGateway;
let two: LocalGateway;
let agent: PuppetAgent;
let scanId: number;

const stage = useStage();

beforeAll(async () => {
  [one, two] = [await stage.gateway({ SCANMESH_AUTH: "keys" }), await stage.gateway({ SCANMESH_AUTH: "keys" })];
  agent = await startPuppet(stage, "puppet", [engine("Alpha")]);
  const submit = `mutation { submitScan(input: { base64: "bGl2ZQ==" }) { ... on SubmitScanSuccess { scan { scanId } } } }`;
  const answer = await operation(one, await keyWith(one, ["scan:write"]), submit);
  ({ scanId } = answer.json<{ data: { submitScan: { scan: { scanId: number } } } }>().data.submitScan.scan);
});

afterAll(async () => {
  await agent.close();
});

const watch = () => ({ query: `subscription { scanUpdated(id: ${scanId}) { revision } }` });
const socketUrl = ({ url }: LocalGateway) => `${url.replace("http", "ws")}/graphql`;

interface Watch {
  /** The first update. */
  readonly first: Promise<unknown>;
  /** How it ended. */
  readonly end: Promise<unknown>;
}

function overSocket(
  gateway: LocalGateway,
  connectionParams: Record<string, unknown>,
  headers: Record<string, string> = {},
): Watch {
  class Socket extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { headers });
    }
  }
  let closed: (event: unknown) => void;
  const end = new Promise((resolve) => (closed = resolve));
  const client = createClient({
    url: socketUrl(gateway),
    webSocketImpl: Socket,
    connectionParams,
    retryAttempts: 0,
    on: { closed: (event) => closed(event) },
  });
  const updates = client.iterate(watch());
  return { first: updates.next(), end };
}

function overSse(gateway: LocalGateway, key: string): Watch {
  const client = createSseClient({
    url: `${gateway.url}/graphql/stream`,
    headers: { "x-api-key": key },
    retryAttempts: 0,
  });
  const updates = client.iterate(watch());
  const first = updates.next();
  /** Why it ended, by its last event. */
  const reason = async () => {
    const last = (await updates.next()).value as GraphQLAnswer<unknown> | undefined;
    expect((await updates.next()).done).toBe(true);
    return last?.errors?.[0]?.extensions.code;
  };
  return { first, end: first.then(reason, () => "refused") };
}

const UPDATE = { value: { data: { scanUpdated: { revision: expect.any(Number) as unknown } } } };

describe("over WebSocket a key", () => {
  it.each([
    ["apiKey in connectionParams", (key: string) => overSocket(one, { apiKey: key })],
    ["authorization in connectionParams", (key: string) => overSocket(one, { authorization: `Bearer ${key}` })],
    ["Authorization in connectionParams", (key: string) => overSocket(one, { Authorization: `Bearer ${key}` })],
    ["a header of the upgrade", (key: string) => overSocket(one, {}, { "x-api-key": key })],
  ])("is taken as %s", async (_way, open) => {
    expect(await open(await keyWith(one, ["scan:read"])).first).toMatchObject(UPDATE);
  });

  it.each([
    ["none", {}],
    ["a wrong one", { apiKey: `sm_000000000000_${"A".repeat(43)}` }],
    ["no text", { apiKey: 7 }],
  ])("that is %s closes the connection with 4401", async (_what, parameters) => {
    const { first, end } = overSocket(one, parameters);
    await expect(first).rejects.toMatchObject({ code: UNAUTHORIZED });
    expect(await end).toMatchObject({ code: UNAUTHORIZED, reason: expect.stringContaining("API key") as unknown });
  });

  it("needs the scope of what is asked, and the connection stays", async () => {
    const client = createClient({
      url: socketUrl(one),
      webSocketImpl: WebSocket,
      connectionParams: { apiKey: await keyWith(one, ["sample:read"]) },
      retryAttempts: 0,
      lazy: false,
    });
    await expect(client.iterate(watch()).next()).rejects.toMatchObject([
      { extensions: { code: "FORBIDDEN", scope: "scan:read" } },
    ]);
    expect(await client.iterate({ query: "{ __typename }" }).next()).toMatchObject({ value: { data: { __typename: "Query" } } });
    await client.dispose();
  });

  it("is not needed before the connection is opened, but nothing is done without", async () => {
    const socket = new WebSocket(socketUrl(one), "graphql-transport-ws");
    const closed = new Promise((resolve) => void socket.on("close", (code) => resolve(code)));
    await new Promise((resolve) => void socket.on("open", resolve));
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: watch() }));
    expect(await closed).toBe(UNAUTHORIZED);
  });
});

it("an event stream needs the scope of what is asked", async () => {
  const headers = { "x-api-key": await keyWith(one, ["sample:read"]) };
  const answer = await ask(`${one.url}/graphql/stream?query=${encodeURIComponent(watch().query)}`, { headers });
  expect(answer.text).toContain('"code":"FORBIDDEN","scope":"scan:read"');
});

describe("a key that is revoked", () => {
  it.each([
    ["by the same gateway", () => one],
    ["by another gateway", () => two],
  ])("%s closes its sockets and streams at once, and no others", async (_by, revoker) => {
    const [victim, other] = [await keyWith(one, ["scan:read"]), await keyWith(one, ["scan:read"])];
    const [socket, stream] = [overSocket(one, { apiKey: victim }), overSse(one, victim)];
    const bystanders = [overSocket(one, { apiKey: other }), overSse(one, other)];
    for (const { first } of [socket, stream, ...bystanders]) expect(await first).toMatchObject(UPDATE);
    await operation(revoker(), await keyWith(one, ["admin"]), `mutation { revokeApiKey(id: "${idOf(victim)}") { __typename } }`);
    expect(await socket.end).toMatchObject({ code: UNAUTHORIZED, reason: "this API key was revoked or has expired" });
    expect(await stream.end).toBe("UNAUTHENTICATED");
    expect(await overSse(one, victim).end).toBe("refused");
    const still = await Promise.race([...bystanders.map(({ end }) => end), Promise.resolve("open")]);
    expect(still).toBe("open");
  });

  it("where no gateway says so is noticed all the same", async () => {
    const victim = await keyWith(one, ["scan:read"]);
    const open = [overSocket(one, { apiKey: victim }), overSse(two, victim)];
    for (const { first } of open) expect(await first).toMatchObject(UPDATE);
    await revokeApiKey({ db: stage.db }, TESTER, idOf(victim));
    await Promise.all(open.map(({ end }) => end));
  });

  it("lets a socket that does not close start nothing more", async () => {
    const victim = await keyWith(one, ["scan:write"]);
    const socket = new WebSocket(socketUrl(one), "graphql-transport-ws");
    const messages: string[] = [];
    socket.on("message", (data) => messages.push(String(data)));
    await new Promise((resolve) => void socket.on("open", resolve));
    socket.send(JSON.stringify({ type: "connection_init", payload: { apiKey: victim } }));
    await until("it is let in", () => messages.some((text) => text.includes("connection_ack")));
    const before = await stage.db.selectFrom("uploads").select("id").execute();
    // Sent while the gateway closes: the answer to the closing is kept back.
    socket.pause();
    await revokeApiKey(one.context, TESTER, idOf(victim));
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: "mutation { createUpload { id } }" } }));
    const closed = new Promise((resolve) => void socket.on("close", resolve));
    socket.resume();
    await closed;
    expect(await stage.db.selectFrom("uploads").select("id").execute()).toEqual(before);
  });
});

it("a key that expires closes its sockets and streams", async () => {
  const key = await keyWith(one, ["scan:read"], { expiresAt: inAnHour() });
  const open = [overSocket(one, { apiKey: key }), overSse(two, key)];
  for (const { first } of open) expect(await first).toMatchObject(UPDATE);
  await passAnHour(stage.db, key);
  await Promise.all(open.map(({ end }) => end));
});
