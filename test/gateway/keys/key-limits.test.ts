/** The rate and the quota of a key. */

import { Readable } from "node:stream";
import { createClient } from "graphql-ws";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { submitScan } from "../../../gateway/scan/submit.js";
import { engine, startPuppet, type PuppetAgent } from "../../stage/puppet-agent.js";
import { TESTER, until, type LocalGateway } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { ask, type Answer } from "../http/http-client.js";
import { errorOf, idOf, keyWith, operation } from "./keyed-client.js";
import { json } from "../rest/rest-client.js";

let one: LocalGateway;
let two: LocalGateway;
let agent: PuppetAgent;
let admin: string;

const stage = useStage();

beforeAll(async () => {
  [one, two] = [await stage.gateway({ SCANMESH_AUTH: "keys" }), await stage.gateway({ SCANMESH_AUTH: "keys" })];
  agent = await startPuppet(stage, "puppet", [engine("Alpha")]);
  admin = await keyWith(one, ["admin"]);
});

afterAll(async () => {
  await agent.close();
});

const upload = (gateway: LocalGateway, key: string, more: Record<string, string> = {}): Promise<Answer> =>
  ask(`${gateway.url}/api/v1/sample`, { method: "POST", headers: { "x-api-key": key, ...more }, body: json() });

describe("a key that asks more often than its rate", () => {
  // So slow that no test can be overtaken by the next token.
  const slow = () => keyWith(one, ["scan:read", "scan:write"], { name: "slow", rate: 0.01 });

  it("is told over REST when to come back, and nothing is done", async () => {
    const key = await slow();
    expect((await upload(one, key)).status).toBe(200);
    const before = await stage.db.selectFrom("scans").select("id").execute();
    const refused = await upload(one, key);
    expect(refused.status).toBe(429);
    expect(refused.json()).toEqual({ error: "the key slow may do 0.01 requests a second" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(90);
    expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(100);
    expect(await stage.db.selectFrom("scans").select("id").execute()).toEqual(before);
  });

  it("is told over GraphQL and SSE", async () => {
    const key = await slow();
    expect((await operation(one, key, "{ engines { name } }")).status).toBe(200);
    const refused = await operation(one, key, "{ engines { name } }");
    expect(refused.status).toBe(429);
    expect(errorOf(refused)).toMatchObject({ extensions: { code: "RATE_LIMITED", retryAfter: expect.any(Number) as unknown } });
    expect(refused.headers["retry-after"]).toBeDefined();
    const stream = await ask(`${one.url}/graphql/stream?query={engines{name}}`, { headers: { "x-api-key": key } });
    expect(stream.status).toBe(429);
    expect(stream.text).toContain("RATE_LIMITED");
  });

  it("is told over WebSocket for each operation, and the connection stays", async () => {
    const client = createClient({
      url: `${one.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { apiKey: await slow() },
      retryAttempts: 0,
      lazy: false,
    });
    const query = { query: "{ engines { name } }" };
    expect(await client.iterate(query).next()).toMatchObject({ value: { data: { engines: [{ name: "Alpha" }] } } });
    for (let i = 0; i < 2; i += 1) {
      await expect(client.iterate(query).next()).rejects.toMatchObject([
        { extensions: { code: "RATE_LIMITED", retryAfter: expect.any(Number) as unknown } },
      ]);
    }
    await client.dispose();
  });

  it.each([
    ["HTTP", (key: string, query: string) => operation(one, key, query)],
    [
      "SSE",
      (key: string, query: string) =>
        ask(`${one.url}/graphql/stream?query=${encodeURIComponent(query)}`, { headers: { "x-api-key": key } }),
    ],
  ])("is counted by what it asks for at once, over %s", async (_, send) => {
    // As slow as above, with a burst that an operation of two fields uses up.
    const key = await keyWith(one, ["scan:read"], { name: "two", rate: 0.01 });
    const fields = "...All } fragment All on Query { a: engines { name } b: engines { name } c: engines { name }";
    expect((await send(key, `query { ${fields} }`)).status).toBe(200);
    const refused = await send(key, "{ engines { name } }");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(290);
  });

  it("does not slow other keys down", async () => {
    const [key, other] = [await slow(), await keyWith(one, ["scan:read"])];
    for (let i = 0; i < 3; i += 1) await operation(one, key, "{ engines { name } }");
    expect((await operation(one, other, "{ engines { name } }")).status).toBe(200);
  });
});

describe("a key with a quota", () => {
  const limited = (dailyScans: number) => keyWith(one, ["scan:read", "scan:write"], { name: "limited", dailyScans });

  async function scansToday(key: string): Promise<number | null | undefined> {
    const answer = await operation(one, admin, "{ apiKeys { id scansToday } }");
    const { apiKeys } = answer.json<{ data: { apiKeys: { id: string; scansToday: number | null }[] } }>().data;
    return apiKeys.find(({ id }) => id === idOf(key))?.scansToday;
  }

  it("has exactly as many scans as it may, on all gateways together", async () => {
    const key = await limited(7);
    const before = (await stage.db.selectFrom("scans").select("id").execute()).length;
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => upload(i % 2 === 0 ? one : two, key)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(7).fill(200), ...Array(23).fill(429)]);
    expect((await stage.db.selectFrom("scans").select("id").execute()).length - before).toBe(7);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json()).toEqual({ error: "the key limited may have 7 scans a day, and 0 are left today" });
    expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
    expect(Number(refused?.headers["retry-after"])).toBeLessThanOrEqual(86_400);
    expect(await scansToday(key)).toBe(7);
    expect((await operation(one, key, "{ engines { name } }")).status).toBe(200);
  });

  it("is refused as RATE_LIMITED in the metrics too", async () => {
    const refusals = async () =>
      (await one.context.metrics.scansRefused.get()).values.find(({ labels }) => labels.code === "RATE_LIMITED")?.value ?? 0;
    const before = await refusals();
    const key = await limited(1);
    for (let i = 0; i < 3; i += 1) await upload(one, key);
    expect((await refusals()) - before).toBe(2);
  });

  it("is told over GraphQL too", async () => {
    const key = await limited(1);
    const submit = `mutation { submitScan(input: { base64: "bGl2ZQ==" }) { __typename ... on UserError { code message } } }`;
    expect(errorOf(await operation(one, key, submit))).toBeUndefined();
    const again = await operation(two, key, submit);
    expect(again.text).toContain("RATE_LIMITED");
    expect(again.text).toContain("1 scans a day");
  });

  it("can scan again on the next day", async () => {
    const key = await limited(1);
    expect((await upload(one, key)).status).toBe(200);
    expect((await upload(two, key)).status).toBe(429);
    await stage.db
      .updateTable("api_key_usage")
      .set({ day: sql<Date>`day - 1` })
      .where("key_id", "=", idOf(key))
      .execute();
    expect(await scansToday(key)).toBe(0);
    expect((await upload(one, key)).status).toBe(200);
    expect((await upload(two, key)).status).toBe(429);
  });

  it("pays for what is accepted alone", async () => {
    const key = await limited(3);
    const bad = await ask(`${one.url}/api/v1/sample`, { method: "POST", headers: { "x-api-key": key }, body: "{}" });
    expect(bad.status).toBe(400);
    const unknown = `mutation { submitScan(input: { base64: "bGl2ZQ==", engines: ["Nobody"] }) { __typename } }`;
    await operation(one, key, unknown);
    expect(await scansToday(key)).toBe(0);
    expect((await upload(one, key)).status).toBe(200);
    expect(await scansToday(key)).toBe(1);
  });

  it("is given what an earlier request has made, and does not pay for it twice", async () => {
    const key = await limited(1);
    const caller = { ...TESTER, key: { id: idOf(key), name: "limited", dailyScans: 1 } };
    const submit = (idempotencyKey: string) =>
      submitScan(
        one.context,
        caller,
        { kind: "stream", bytes: Readable.from([Buffer.from("once")]) },
        { name: "a", speed: "ALL", internet: false, idempotencyKey },
      );
    const made = await submit("first");
    expect(await submit("first")).toMatchObject({ scanId: made.scanId, replayed: true });
    await expect(submit("second")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(await scansToday(key)).toBe(1);
  });

  it("is not counted where there is none", async () => {
    const key = await keyWith(one, ["scan:write"]);
    expect((await upload(one, key)).status).toBe(200);
    expect(await scansToday(key)).toBeNull();
    expect(await stage.db.selectFrom("api_key_usage").selectAll().where("key_id", "=", idOf(key)).execute()).toEqual([]);
  });
});

it("the last use is written once a minute at most, whatever the rate", async () => {
  const key = await keyWith(one, ["scan:read"]);
  const lastUse = async () =>
    (await stage.db.selectFrom("api_keys").select("last_used_at").where("id", "=", idOf(key)).executeTakeFirstOrThrow())
      .last_used_at;
  await operation(one, key, "{ engines { name } }");
  const first = await until("it is noted", lastUse);
  for (let i = 0; i < 20; i += 1) await operation(one, key, "{ engines { name } }");
  await one.context.keyring.refresh();
  await one.context.keyring.refresh();
  expect(await lastUse()).toEqual(first);
});
