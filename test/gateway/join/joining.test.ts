/** Hosts join by HTTP: the proofs, the uses of a token, names and keys. */

import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from "node:net";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createUser, decode } from "@nats-io/jwt";
import { sql } from "kysely";
import { describe, expect, it, onTestFinished } from "vitest";
import { acceptAgent, revokeAgent } from "../../../gateway/join/agent-keys.js";
import { revokeJoinToken } from "../../../gateway/join/join-tokens.js";
import { leaveByCommand } from "../../../scanner-agent/join/enlist.js";
import { openKey, readIdentity } from "../../../scanner-agent/join/identity.js";
import { renewIdentity } from "../../../scanner-agent/join/renew.js";
import type { JoinRequest } from "../../../schema/join-messages.js";
import { proveJoiner } from "../../../schema/join-proof.js";
import { deriveJoinKeys, formatJoinToken, generateJoinSecret, parseJoinToken } from "../../../schema/join-token.js";
import { ownVersion } from "../../../schema/version.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { codeOf, connectJoined, joinHost, newHost, newToken } from "./host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

const named = (agent = `a-${randomUUID().slice(0, 8)}`) => newHost(stage, { SCANMESH_AGENT_ID: agent });
const keysOf = (agent: string) => stage.db.selectFrom("agent_keys").selectAll().where("agent", "=", agent).execute();
const usesOf = async (token: string) => {
  const { id } = deriveJoinKeys(parseJoinToken(token).secret);
  return (await stage.db.selectFrom("join_tokens").select("used").where("id", "=", id).executeTakeFirstOrThrow()).used;
};

/** Sends a request of a host as it is, with the proof that belongs to it. */
async function send(token: string, changes: Partial<JoinRequest> = {}) {
  const { secret } = parseJoinToken(token);
  const asked = {
    v: 1,
    token: deriveJoinKeys(secret).id,
    nonce: Buffer.alloc(16, 7).toString("base64url"),
    time: new Date().toISOString(),
    publicKey: createUser().getPublicKey(),
    agent: null,
    class: null,
    host: "host.example.org",
    version: ownVersion(),
    ...changes,
  } as const;
  const body = JSON.stringify({ proof: proveJoiner(secret, asked), ...asked, ...changes });
  const answer = await ask(`${gateway.url}/join`, { method: "POST", headers: { "content-type": "application/json" }, body });
  return { status: answer.status, ...answer.json<{ code?: string; agent?: string; error?: string }>() };
}

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What crosses a proxy between host and gateway. */
async function recordingProxy(): Promise<{ url: string; recorded: () => string }> {
  const chunks: Buffer[] = [];
  const { port } = new URL(gateway.url);
  const server = createTcpServer((client) => {
    const upstream = connectTcp(Number(port), "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("data", (data: Buffer) => {
        chunks.push(data);
        to.write(data);
      });
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
    }
  });
  return { url: await listening(server), recorded: () => Buffer.concat(chunks).toString("latin1") };
}

describe("a host that joins", () => {
  it("keeps its key to itself, is let in, and nothing that crosses the network helps anybody else", async () => {
    const proxy = await recordingProxy();
    const token = await newToken(gateway, { gateway: proxy.url });
    const host = named("rack-1");
    const joined = await joinHost(host, token);
    expect(joined).toMatchObject({ agent: "rack-1", internet: "isolated", servers: [stage.nats().url], gateway: proxy.url });
    for (const file of readdirSync(joined.folder)) expect(statSync(join(joined.folder, file)).mode & 0o777).toBe(0o600);
    expect(statSync(joined.folder).mode & 0o777).toBe(0o700);
    const nc = await connectJoined(joined);
    await nc.close();
    await renewIdentity(joined, proxy.url);
    const { secret } = parseJoinToken(token);
    const seed = Buffer.from((await openKey(joined.folder)).getSeed()).toString();
    expect(proxy.recorded()).toContain("POST /join/renew");
    for (const hidden of [token, secret.toString("base64url"), secret.toString("hex"), secret.toString("latin1"), seed])
      expect(proxy.recorded()).not.toContain(hidden);
  });

  it("has the class of its token and, without a name of its own, the host's", async () => {
    const { agent } = await send(await newToken(gateway, { class: "internet" }), { host: "lab.example.org" });
    expect(agent).toBe("lab-example-org-internet");
  });

  it("by any name of the gateway, also of one that asks for no keys", async () => {
    const body = "{}";
    const headers = { "content-type": "application/json", host: "gateway:8080" };
    expect((await ask(`${gateway.url}/join`, { method: "POST", headers, body })).status).toBe(400);
    const page = { ...headers, origin: "https://evil.example.org" };
    expect((await ask(`${gateway.url}/join`, { method: "POST", headers: page, body })).status).toBe(403);
  });

  it("is told by a code and a sentence why it cannot", async () => {
    const token = await newToken(gateway, { uses: 9, namePattern: "rack-*-a" });
    const [day, now] = [86_400_000, Date.now()];
    const [expired, revoked] = [await newToken(gateway), await newToken(gateway)];
    const idOf = (text: string) => deriveJoinKeys(parseJoinToken(text).secret).id;
    await sql`update join_tokens set expires_at = now() where id = ${idOf(expired)}`.execute(stage.db);
    await revokeJoinToken(gateway.context, TESTER, idOf(revoked));
    const foreign = formatJoinToken({ gateway: gateway.url, secret: generateJoinSecret() });
    const cases: [string, number, Promise<{ status: number; code?: string; error?: string }>][] = [
      ["TOKEN_EXPIRED", 401, send(expired)],
      ["TOKEN_REVOKED", 401, send(revoked)],
      ["TOKEN_UNKNOWN", 401, send(foreign)],
      ["TOKEN_OF_OTHER_CLASS", 403, send(token, { class: "internet" })],
      ["NAME_NOT_ALLOWED", 403, send(token, { agent: "rack-a" })],
      ["PROOF_WRONG", 401, send(token, { proof: Buffer.alloc(32).toString("base64url") })],
      ["CLOCK_OFF", 403, send(token, { time: new Date(now - 600_000).toISOString() })],
      ["CLOCK_OFF", 403, send(token, { time: new Date(now + day).toISOString() })],
      ["VERSION_UNSUPPORTED", 403, send(token, { version: "0.9.0" })],
      ["VERSION_UNSUPPORTED", 403, send(token, { version: "new" })],
    ];
    for (const [code, status, answer] of cases) {
      expect(await answer).toMatchObject({ code, status });
      expect((await answer).error).toMatch(/^[A-Z].*[.)]$/);
    }
    expect((await send(token, { agent: "rack-7-a" })).agent).toBe("rack-7-a");
    expect(await usesOf(token)).toBe(1);
  });

  it("finds out a false gateway, and what is no gateway", async () => {
    const secret = generateJoinSecret();
    const at = (url: string) => codeOf(joinHost(named(), formatJoinToken({ gateway: url, secret })));
    const answerOf = (text: string) => listening(createServer((_, answer) => void answer.end(text)));
    const jwt = "x";
    const answer = {
      v: 1,
      nonce: "A".repeat(22),
      agent: "a",
      class: "isolated",
      servers: ["nats://evil"],
      jwt,
      proof: "A".repeat(43),
    };
    expect(await at(await answerOf(JSON.stringify(answer)))).toBe("GATEWAY_UNPROVEN");
    expect(await at(await answerOf("<html>"))).toBe("NOT_A_GATEWAY");
    expect(await at("http://127.0.0.1:1")).toBe("GATEWAY_UNREACHABLE");
    expect(await at(gateway.url.replace("http:", "https:"))).toBe("NO_TLS");
    for (const text of ["", "smj1_", formatJoinToken({ gateway: gateway.url, secret }).slice(0, 30)])
      expect(await codeOf(joinHost(named(), text))).toBe(text === "" ? "NO_TOKEN" : "TOKEN_INCOMPLETE");
  });
});

describe("the uses of a token", () => {
  it.each([
    [20, 20],
    [1, 1],
  ])("%i of them let %i of 20 hosts in that come at once", async (uses, most) => {
    const token = await newToken(gateway, { uses });
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(joinHost(named(), token))));
    expect(codes.filter((code) => code === "NONE")).toHaveLength(most);
    expect(codes.filter((code) => code === "TOKEN_USED_UP")).toHaveLength(20 - most);
    expect(await usesOf(token)).toBe(most);
  });

  it("are not used twice by a host that asks again, also after a gateway died before it answered", async () => {
    const dying = await stage.gatewayProcess({ SCANMESH_FAILPOINT: "joined:kill" });
    const token = await newToken(gateway, { gateway: dying.url });
    const host = named();
    expect(await codeOf(joinHost(host, token))).toBe("GATEWAY_UNREACHABLE");
    expect(await usesOf(token)).toBe(1);
    const { secret } = parseJoinToken(token);
    const here = formatJoinToken({ gateway: gateway.url, secret });
    await joinHost(host, here);
    const joined = await joinHost(host, here);
    expect(await usesOf(token)).toBe(1);
    const accounts = await stage.db.selectFrom("agent_accounts").selectAll().where("agent", "=", joined.agent).execute();
    expect(accounts).toHaveLength(1);
    expect(await codeOf(joinHost(named(), here))).toBe("TOKEN_USED_UP");
  });
});

describe("a name", () => {
  it("that another key has is waited for until one mutation accepts it, and the key before is let in nowhere", async () => {
    const before = await joinHost(named("rack-2"), await newToken(gateway));
    const nc = await connectJoined(before);
    const [anew, said] = [named("rack-2"), [] as string[]];
    const token = await newToken(gateway);
    const joining = joinHost(anew, token, said);
    await until("the host is told that it waits", () => said.length > 0);
    expect(said).toEqual([expect.stringContaining("acceptAgent")]);
    expect((await keysOf("rack-2")).map(({ state }) => state).toSorted()).toEqual(["JOINED", "WAITING"]);
    const { state, class: internet } = await acceptAgent(gateway.context, TESTER, "rack-2");
    expect({ state, internet }).toEqual({ state: "JOINED", internet: "isolated" });
    const joined = await joining;
    expect(joined.agent).toBe("rack-2");
    expect(await usesOf(token)).toBe(1);
    await nc.closed();
    expect(await codeOf(renewIdentity(before, gateway.url))).toBe("AGENT_REVOKED");
    await (await connectJoined(joined)).close();
  });

  it("of an ephemeral agent that is gone is free", async () => {
    const token = await newToken(gateway, { uses: 2, ephemeral: true });
    const before = await joinHost(named("rack-3"), token);
    await joinHost(named("rack-3"), token);
    expect(await codeOf(renewIdentity(before, gateway.url))).toBe("AGENT_UNKNOWN");
  });

  it("for which several wait is given to the one that is meant", async () => {
    await joinHost(named("rack-4"), await newToken(gateway));
    const token = await newToken(gateway, { uses: 2 });
    for (let i = 0; i < 2; i++)
      expect(await send(token, { agent: "rack-4" })).toMatchObject({ code: "AGENT_WAITING", status: 409 });
    await expect(acceptAgent(gateway.context, TESTER, "rack-4")).rejects.toMatchObject({ code: "BAD_INPUT" });
    const waiting = (await keysOf("rack-4")).find(({ state }) => state === "WAITING")?.public_key ?? "";
    expect(await acceptAgent(gateway.context, TESTER, "rack-4", waiting)).toMatchObject({ publicKey: waiting });
    await expect(acceptAgent(gateway.context, TESTER, "rack-5")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a key", () => {
  it.each([
    ["at once by a gateway", () => gateway.context],
    ["within seconds by whoever may write to the database", () => ({ db: stage.db })],
  ])("that is revoked is cut off %s, and its agent is told so when it comes back", async (_, context) => {
    const host = named();
    const joined = await joinHost(host, await newToken(gateway));
    const nc = await connectJoined(joined);
    await revokeAgent(context(), TESTER, joined.agent);
    await nc.closed();
    expect(await codeOf(renewIdentity(joined, gateway.url))).toBe("AGENT_REVOKED");
    expect(await codeOf(joinHost(host, await newToken(gateway)))).toBe("AGENT_REVOKED");
    await expect(connectJoined(joined)).rejects.toThrow();
  });

  it("is one agent's: it takes no second name or class, and a revoked one is not let in under another name", async () => {
    const [token, internet] = [await newToken(gateway), await newToken(gateway, { class: "internet" })];
    const publicKey = createUser().getPublicKey();
    const [agent, other] = [`a-${randomUUID().slice(0, 8)}`, `b-${randomUUID().slice(0, 8)}`];
    expect(await send(token, { publicKey, agent })).toMatchObject({ agent });
    expect(await send(token, { publicKey, agent: other })).toMatchObject({ code: "KEY_IN_USE", status: 409 });
    expect(await send(internet, { publicKey, agent })).toMatchObject({ code: "KEY_IN_USE" });
    expect(await usesOf(internet)).toBe(0);
    await revokeAgent(gateway.context, TESTER, agent);
    for (const name of [agent, other])
      expect(await send(token, { publicKey, agent: name })).toMatchObject({ code: "AGENT_REVOKED", status: 403 });
    expect(await keysOf(agent)).toMatchObject([{ state: "REVOKED" }]);
    const accounts = await stage.db.selectFrom("agent_accounts").selectAll().where("user_key", "=", publicKey).execute();
    expect(accounts.filter(({ revoked_at: revokedAt }) => revokedAt === null)).toEqual([]);
  });

  it("is renewed also after its user has expired, and with a clock that is wrong", async () => {
    const brief = await stage.gateway({ SCANMESH_AGENT_TTL: "3s" });
    const joined = await joinHost(named(), await newToken(brief));
    const userOf = (folder: string) => decode(/JWT-+\s+(\S+)/.exec(readFileSync(join(folder, "agent.creds"), "utf8"))?.[1] ?? "");
    const { exp } = userOf(joined.folder) as { exp?: number };
    await until("the user has expired", () => Date.now() > (exp ?? 0) * 1_000);
    await renewIdentity(joined, gateway.url, { clock: () => Date.now() + 600_000 });
    expect((userOf(joined.folder) as { exp?: number }).exp).toBeGreaterThan(exp ?? 0);
    await (await connectJoined(joined)).close();
    await brief.stop();
  });

  it("of an agent that leaves is forgotten here and there", async () => {
    const host = named();
    const joined = await joinHost(host, await newToken(gateway));
    const nc = await connectJoined(joined);
    const said: string[] = [];
    await leaveByCommand(host, (sentence) => void said.push(sentence));
    await nc.closed();
    expect(said[0]).toContain("has forgotten");
    expect(await readIdentity(host.identityFolder)).toBeUndefined();
    expect(await keysOf(joined.agent)).toEqual([]);
  });

  it("is entered in the audit with what became of it", async () => {
    const joined = await joinHost(named(), await newToken(gateway));
    await revokeAgent(gateway.context, TESTER, joined.agent);
    const events = await stage.db
      .selectFrom("audit_events")
      .selectAll()
      .where("subject", "=", joined.agent)
      .orderBy("id")
      .execute();
    expect(events.map(({ action }) => action)).toEqual(["joinAgent", "revokeAgent"]);
  });
});
