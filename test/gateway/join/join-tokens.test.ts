/** Join tokens by GraphQL: made, listed without their secrets, revoked, audited. */

import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { readJoinTokenRecord } from "../../../gateway/db/join-tokens.js";
import { deriveJoinKeys, parseJoinToken } from "../../../schema/join-token.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { errorOf, idOf, keyWith, operation } from "../keys/keyed-client.js";
import { newToken, sendJoin } from "./host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));

const FIELDS = "id class namePattern ephemeral uses used agents createdAt expiresAt revokedAt";
const CREATE = `mutation($class: InternetClass!, $ttl: Int, $uses: Int, $names: String, $gateway: String) {
  made: createJoinToken(class: $class, ttl: $ttl, uses: $uses, namePattern: $names, gateway: $gateway, ephemeral: true) {
    __typename ... on CreateJoinTokenSuccess { text lines { method text } joinToken { ${FIELDS} } } ... on UserError { path message } } }`;

interface Token {
  readonly id: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

async function create(key: string, variables: object = {}) {
  const answer = await operation(gateway, key, CREATE, { class: "ISOLATED", ttl: 3600, uses: 1, ...variables });
  return answer.json<{
    data: {
      made: { text: string; lines: { method: string; text: string }[]; joinToken: Token; path: string[]; message: string };
    };
  }>().data.made;
}

async function list(key: string, ended = false): Promise<Token[]> {
  const answer = await operation(gateway, key, `{ joinTokens(ended: ${ended}) { ${FIELDS} } }`);
  return answer.json<{ data: { joinTokens: Token[] } }>().data.joinTokens;
}

describe("join tokens", () => {
  it("are made with what is asked for, and their text names the gateway", async () => {
    const admin = await keyWith(gateway, ["admin"]);
    const { text, lines, joinToken } = await create(admin, { class: "INTERNET", ttl: 600, uses: 20, names: "rack-*" });
    expect(joinToken).toMatchObject({ class: "INTERNET", namePattern: "rack-*", ephemeral: true, uses: 20, used: 0, agents: [] });
    expect(Date.parse(joinToken.expiresAt) - Date.parse(joinToken.createdAt)).toBe(600_000);
    const { gateway: address, secret } = parseJoinToken(text);
    expect(address).toBe(gateway.url);
    expect(deriveJoinKeys(secret).id).toBe(joinToken.id);
    expect(lines[0]).toEqual({ method: "CLONE", text: `npm run agent -- join ${text}` });
    for (const line of lines) expect(line.text).toContain(text);
    const elsewhere = await create(admin, { gateway: "https://scan.example.org/mesh/" });
    expect(parseJoinToken(elsewhere.text).gateway).toBe("https://scan.example.org/mesh");
  });

  it("by default one agent joins within an hour", async () => {
    const admin = await keyWith(gateway, ["admin"]);
    const query = `mutation { createJoinToken(class: ISOLATED) { ... on CreateJoinTokenSuccess { joinToken { ${FIELDS} } } } }`;
    const { joinToken } = (await operation(gateway, admin, query)).json<{ data: { createJoinToken: { joinToken: Token } } }>()
      .data.createJoinToken;
    expect(joinToken).toMatchObject({ class: "ISOLATED", uses: 1, namePattern: null, ephemeral: false });
    expect(Date.parse(joinToken.expiresAt) - Date.parse(joinToken.createdAt)).toBe(3_600_000);
  });

  it("are listed without secrets, and revoked ones, expired ones and used ones only if asked for", async () => {
    const admin = await keyWith(gateway, ["admin"]);
    const made = [await create(admin), await create(admin), await create(admin), await create(admin)];
    const [valid = "", revoked = "", expired = "", used = ""] = made.map(({ joinToken }) => joinToken.id);
    const answer = await operation(
      gateway,
      admin,
      `mutation { revokeJoinToken(id: "${revoked}") {
      ... on RevokeJoinTokenSuccess { joinToken { id revokedAt } } } }`,
    );
    expect(answer.text).toMatch(new RegExp(`"id":"${revoked}","revokedAt":"\\d{4}-`));
    await sql`update join_tokens set expires_at = now() where id = ${expired}`.execute(stage.db);
    await sql`update join_tokens set used = uses where id = ${used}`.execute(stage.db);
    const ids = (tokens: Token[]) => tokens.map(({ id }) => id);
    expect(ids(await list(admin))).toContain(valid);
    for (const ended of [revoked, expired, used]) expect(ids(await list(admin))).not.toContain(ended);
    expect(ids(await list(admin, true))).toEqual(expect.arrayContaining([valid, revoked, expired, used]));
    const listed = JSON.stringify(await list(admin, true));
    for (const { text } of made) expect(listed).not.toContain(text.slice(-20));
    const { rows } = await sql<{ row: string }>`select t::text as row from join_tokens t`.execute(stage.db);
    for (const { text } of made) {
      const { secret } = parseJoinToken(text);
      for (const { row } of rows) expect(row).not.toContain(secret.toString("hex"));
    }
    await sql`update join_tokens set revoked_at = now() - interval '31 days' where id = ${revoked}`.execute(stage.db);
    await create(admin);
    expect(ids(await list(admin, true))).not.toContain(revoked);
  });

  it("refuse what they cannot be, by the name of the argument", async () => {
    const admin = await keyWith(gateway, ["admin"]);
    for (const [argument, variables] of [
      ["ttl", { ttl: 59 }],
      ["ttl", { ttl: 2_592_001 }],
      ["uses", { uses: 0 }],
      ["uses", { uses: 1001 }],
      ["namePattern", { names: "a b" }],
      ["gateway", { gateway: "scan.example.org" }],
      ["gateway", { gateway: "https://a:b@scan.example.org" }],
    ] as const)
      expect(await create(admin, variables)).toMatchObject({ __typename: "InvalidInput", path: [argument] });
    const unknown = await operation(
      gateway,
      admin,
      `mutation { revokeJoinToken(id: "x") { __typename ... on UserError { path } } }`,
    );
    expect(unknown.json()).toEqual({ data: { revokeJoinToken: { __typename: "UnknownJoinToken", path: ["id"] } } });
  });

  it("are for admins alone, and in the audit", async () => {
    const others = await keyWith(gateway, ["scan:read", "scan:write", "sample:read", "fleet:write"]);
    for (const query of [
      "{ joinTokens { id } }",
      "mutation { createJoinToken(class: ISOLATED) { __typename } }",
      `mutation { revokeJoinToken(id: "x") { __typename } }`,
    ])
      expect(errorOf(await operation(gateway, others, query))).toMatchObject({
        extensions: { code: "FORBIDDEN", scope: "admin" },
      });
    const admin = await keyWith(gateway, ["admin"]);
    const { text, joinToken } = await create(admin);
    const revoke = `mutation { revokeJoinToken(id: "${joinToken.id}") { __typename } }`;
    await operation(gateway, admin, revoke);
    await operation(gateway, admin, revoke);
    const events = await stage.db
      .selectFrom("audit_events")
      .selectAll()
      .where("subject", "=", joinToken.id)
      .orderBy("id")
      .execute();
    expect(events.map(({ action, key_id: key }) => [action, key])).toEqual([
      ["createJoinToken", idOf(admin)],
      ["revokeJoinToken", idOf(admin)],
    ]);
    expect(JSON.stringify(events)).not.toContain(text.slice(-20));
  });
});

describe("why a host cannot join", () => {
  const refusals = async (token: string) => {
    const record = await readJoinTokenRecord(stage.db, deriveJoinKeys(parseJoinToken(token).secret).id);
    return record?.refusals.map(({ code, host, agent, attempts }) => [code, host, agent, attempts]);
  };

  it("can be read of its token, each reason once, until it has joined", async () => {
    const token = await newToken(gateway, { uses: 2 });
    const old = new Date(Date.now() - 600_000).toISOString();
    for (let i = 0; i < 2; i++) await sendJoin(gateway, token, { host: "early", agent: "early-1", time: old });
    await sendJoin(gateway, token, { host: "late", version: "0.9.0" });
    await sendJoin(gateway, token, { host: "liar", proof: Buffer.alloc(32).toString("base64url") });
    expect(await refusals(token)).toEqual([
      ["PROOF_WRONG", "", null, 1],
      ["VERSION_UNSUPPORTED", "late", null, 1],
      ["CLOCK_OFF", "early", "early-1", 2],
    ]);
    await sendJoin(gateway, token, { host: "late" });
    expect((await refusals(token))?.map(([, host]) => host)).toEqual(["", "early"]);
  });

  it("is kept of the latest ten", async () => {
    const token = await newToken(gateway);
    for (let i = 0; i < 12; i++) await sendJoin(gateway, token, { host: `host-${i}`, version: "0.9.0" });
    expect((await refusals(token))?.map(([, host]) => host)).toEqual(Array.from({ length: 10 }, (_, i) => `host-${11 - i}`));
  });
});
