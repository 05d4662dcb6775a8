/** Hosts join by HTTP: the proofs, the uses of a token, names and keys. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it, onTestFinished } from "vitest";
import { revokeJoinToken } from "../../../gateway/join/join-tokens.js";
import { openKey } from "../../../scanner-agent/join/identity.js";
import { renewIdentity } from "../../../scanner-agent/join/renew.js";
import { deriveJoinKeys, formatJoinToken, generateJoinSecret, parseJoinToken } from "../../../schema/join-token.js";
import { recordingProxy } from "../../stage/recording-proxy.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { codeOf, connectJoined, joinHost, named, newToken, sendJoin, usesOf } from "./host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a host that joins", () => {
  it("keeps its key to itself, is let in, and nothing that crosses the network helps anybody else", async () => {
    const proxy = await recordingProxy(Number(new URL(gateway.url).port));
    const proxyUrl = `http://127.0.0.1:${proxy.port}`;
    const token = await newToken(gateway, { gateway: proxyUrl });
    const host = named(stage, "rack-1");
    const joined = await joinHost(host, token);
    expect(joined).toMatchObject({ agent: "rack-1", internet: "isolated", servers: [stage.nats().url], gateway: proxyUrl });
    for (const file of readdirSync(joined.folder)) expect(statSync(join(joined.folder, file)).mode & 0o777).toBe(0o600);
    expect(statSync(joined.folder).mode & 0o777).toBe(0o700);
    const nc = await connectJoined(joined);
    await nc.close();
    await renewIdentity(joined, proxyUrl);
    const { secret } = parseJoinToken(token);
    const seed = Buffer.from((await openKey(joined.folder)).getSeed()).toString();
    expect(proxy.recorded()).toContain("POST /join/renew");
    for (const hidden of [token, secret.toString("base64url"), secret.toString("hex"), secret.toString("latin1"), seed])
      expect(proxy.recorded()).not.toContain(hidden);
  });

  it("has the class of its token and, without a name of its own, the host's", async () => {
    const { agent } = await sendJoin(gateway, await newToken(gateway, { class: "internet" }), { host: "lab.example.org" });
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
      ["TOKEN_EXPIRED", 401, sendJoin(gateway, expired)],
      ["TOKEN_REVOKED", 401, sendJoin(gateway, revoked)],
      ["TOKEN_UNKNOWN", 401, sendJoin(gateway, foreign)],
      ["TOKEN_OF_OTHER_CLASS", 403, sendJoin(gateway, token, { class: "internet" })],
      ["NAME_NOT_ALLOWED", 403, sendJoin(gateway, token, { agent: "rack-a" })],
      ["PROOF_WRONG", 401, sendJoin(gateway, token, { proof: Buffer.alloc(32).toString("base64url") })],
      ["CLOCK_OFF", 403, sendJoin(gateway, token, { time: new Date(now - 600_000).toISOString() })],
      ["CLOCK_OFF", 403, sendJoin(gateway, token, { time: new Date(now + day).toISOString() })],
      ["VERSION_UNSUPPORTED", 403, sendJoin(gateway, token, { version: "0.9.0" })],
      ["VERSION_UNSUPPORTED", 403, sendJoin(gateway, token, { version: "new" })],
    ];
    for (const [code, status, answer] of cases) {
      expect(await answer).toMatchObject({ code, status });
      expect((await answer).error).toMatch(/^[A-Z].*[.)]$/);
    }
    const without = { SCANMESH_NATS_SYSTEM_CREDS: "", SCANMESH_NATS_ACCOUNTS_KEY: "", SCANMESH_NATS_AGENTS_KEY: "" };
    expect(await sendJoin(await stage.gateway(without), token)).toMatchObject({ code: "NOT_SET_UP", status: 503 });
    expect((await sendJoin(gateway, token, { agent: "rack-7-a" })).agent).toBe("rack-7-a");
    expect(await usesOf(stage, token)).toBe(1);
  });

  it("finds out a false gateway, and what is no gateway", async () => {
    const secret = generateJoinSecret();
    const at = (url: string) => codeOf(joinHost(named(stage), formatJoinToken({ gateway: url, secret })));
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
      expect(await codeOf(joinHost(named(stage), text))).toBe(text === "" ? "NO_TOKEN" : "TOKEN_INCOMPLETE");
  });
});

describe("the uses of a token", () => {
  it.each([
    [20, 20],
    [1, 1],
  ])("%i of them let %i of 20 hosts in that come at once", async (uses, most) => {
    const token = await newToken(gateway, { uses });
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(joinHost(named(stage), token))));
    expect(codes.filter((code) => code === "NONE")).toHaveLength(most);
    expect(codes.filter((code) => code === "TOKEN_USED_UP")).toHaveLength(20 - most);
    expect(await usesOf(stage, token)).toBe(most);
  });

  it.each([
    ["it made the account", "joined"],
    ["it answered", "accountMade"],
  ])("are not used twice by a host that asks again, also after a gateway died before %s", async (_, point) => {
    const dying = await stage.gatewayProcess({ SCANMESH_FAILPOINT: `${point}:kill` });
    const token = await newToken(gateway, { gateway: dying.url });
    const host = named(stage);
    expect(await codeOf(joinHost(host, token))).toBe("GATEWAY_UNREACHABLE");
    expect(await usesOf(stage, token)).toBe(1);
    const { secret } = parseJoinToken(token);
    const here = formatJoinToken({ gateway: gateway.url, secret });
    await joinHost(host, here);
    const joined = await joinHost(host, here);
    expect(await usesOf(stage, token)).toBe(1);
    const accounts = await stage.db.selectFrom("agent_accounts").selectAll().where("agent", "=", joined.agent).execute();
    expect(accounts).toHaveLength(1);
    expect(await codeOf(joinHost(named(stage), here))).toBe("TOKEN_USED_UP");
  });

  it("are not used twice by a host that joins while NATS is started again", async () => {
    const token = await newToken(gateway);
    const said: string[] = [];
    await stage.stopNats();
    const joining = joinHost(named(stage), token, said);
    await until("the host is told to wait", () => said.length > 0);
    expect(said[0]).toContain("cannot answer now (503)");
    await stage.startNats();
    const joined = await joining;
    expect(await usesOf(stage, token)).toBe(1);
    await (await connectJoined(joined)).close();
  });
});
