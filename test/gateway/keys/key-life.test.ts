/** How API keys are made, used up and ended. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createKeyring } from "../../../gateway/keys/keyring.js";
import { generateKeyText } from "../../../gateway/keys/key-text.js";
import type { ApiKeyInput } from "../../../gateway/scan/api-keys.js";
import { projectPath } from "../../../schema/paths.js";
import { SCOPES, type Scope } from "../../../schema/scopes.js";
import { testLog } from "../../stage/log.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { idOf, inAnHour, keyWith as keyOn, operation as operationOn, passAnHour } from "./keyed-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));

const keyWith = (scopes: readonly Scope[], more: Partial<ApiKeyInput> = {}) => keyOn(gateway, scopes, more);
const operation = (key: string | undefined, query: string, variables: object = {}) => operationOn(gateway, key, query, variables);
const get = (path: string, headers: Record<string, string> = {}) => ask(`${gateway.url}${path}`, { headers });

it("whoever tries keys that are not known costs the database a statement in a while, and not one a request", async () => {
  let statements = 0;
  const counted = stage.db.withPlugin({
    transformQuery({ node }) {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const keyring = createKeyring(counted, testLog("keyring"));
  try {
    const { text } = generateKeyText();
    for (let i = 0; i < 3; i += 1) {
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => keyring.recognise(text)));
      expect(tries.map(({ status }) => status)).toEqual(tries.map(() => "rejected"));
    }
    expect(statements).toBe(1);
  } finally {
    await keyring.stop();
  }
});

describe("making and ending keys", () => {
  const CREATE = `mutation Create($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    ... on CreateApiKeySuccess { text apiKey { id name scopes rate dailyScans expiresAt revokedAt lastUsedAt } }
    ... on UserError { code message path } } }`;
  const REVOKE = `mutation Revoke($id: ID!) { revokeApiKey(id: $id) {
    ... on RevokeApiKeySuccess { apiKey { id revokedAt } } ... on UserError { code message } } }`;
  interface Made {
    readonly data: { readonly createApiKey: { readonly text: string; readonly apiKey: { readonly id: string } } };
  }

  it("shows a key once, stores no trace of its secret, and shows its last use", async () => {
    const admin = await keyWith(["admin"]);
    const input = { name: " ci ", scopes: ["SCAN_READ", "SCAN_READ"], rate: 50, dailyScans: 7 };
    const { text, apiKey } = (await operation(admin, CREATE, { input })).json<Made>().data.createApiKey;
    expect(text).toMatch(/^sm_[0-9a-z]{12}_[\w-]{43}$/);
    expect(apiKey).toEqual({
      id: idOf(text),
      name: "ci",
      scopes: ["SCAN_READ"],
      rate: 50,
      dailyScans: 7,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    });
    const secret = text.slice(text.indexOf("_", 3) + 1);
    const rows = [
      await stage.db.selectFrom("api_keys").selectAll().execute(),
      await stage.db.selectFrom("audit_events").selectAll().execute(),
    ];
    expect(JSON.stringify(rows)).not.toContain(secret);

    const before = Date.now();
    expect((await get("/api/v1/scanner", { "x-api-key": text })).status).toBe(200);
    const used = async () => {
      const { data } = (await operation(admin, "{ apiKeys { id lastUsedAt } }")).json<{
        data: { apiKeys: { id: string; lastUsedAt: string | null }[] };
      }>();
      return data.apiKeys.find(({ id }) => id === apiKey.id)?.lastUsedAt;
    };
    expect(new Date(await until("its use is noted", used)).getTime()).toBeGreaterThanOrEqual(before);
  });

  it.each([
    ["no name", { name: "  " }, "name"],
    ["a name that would move a cursor", { name: "a\u001b[2J" }, "name"],
    ["no scope", { scopes: [] }, "scopes"],
    ["an end in the past", { expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
    ["a rate of nothing", { rate: 0 }, "rate"],
    ["a quota of nothing", { dailyScans: 0 }, "dailyScans"],
  ])("refuses %s, naming it", async (_what, change, field) => {
    const before = await stage.db.selectFrom("api_keys").select("id").execute();
    const answer = await operation(await keyWith(["admin"]), CREATE, { input: { name: "x", scopes: ["ADMIN"], ...change } });
    expect(answer.json()).toMatchObject({
      data: {
        createApiKey: { code: "BAD_INPUT", path: ["input", field], message: expect.stringMatching(`^${field}: `) as unknown },
      },
    });
    expect(await stage.db.selectFrom("api_keys").select("id").execute()).toHaveLength(before.length + 1);
  });

  it("a revoked key opens nothing from the answer on, is listed on demand, and stays revoked", async () => {
    const admin = await keyWith(["admin"]);
    const victim = await keyWith(["scan:read"]);
    const id = idOf(victim);
    expect((await get("/api/v1/scanner", { "x-api-key": victim })).status).toBe(200);
    const first = (await operation(admin, REVOKE, { id })).json<{ data: { revokeApiKey: { apiKey: { revokedAt: string } } } }>();
    expect((await get("/api/v1/scanner", { "x-api-key": victim })).status).toBe(401);
    expect((await operation(admin, REVOKE, { id })).json()).toEqual(first);
    const listed = async (revoked: boolean) =>
      (await operation(admin, `{ apiKeys(revoked: ${revoked}) { id } }`)).json<{ data: { apiKeys: { id: string }[] } }>().data
        .apiKeys;
    expect(await listed(false)).not.toContainEqual({ id });
    expect(await listed(true)).toContainEqual({ id });
  });

  it("an unknown key cannot be revoked", async () => {
    const answer = await operation(await keyWith(["admin"]), REVOKE, { id: "000000000000" });
    expect(answer.json()).toMatchObject({ data: { revokeApiKey: { code: "NOT_FOUND" } } });
  });

  it("an expired key opens nothing", async () => {
    const key = await keyWith(["scan:read"], { expiresAt: inAnHour() });
    expect((await get("/api/v1/scanner", { "x-api-key": key })).status).toBe(200);
    await passAnHour(stage.db, key);
    await until("it is refused", async () => (await get("/api/v1/scanner", { "x-api-key": key })).status === 401);
  });
});

describe("the command line", () => {
  const env = () => ({ PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", DATABASE_URL: stage.databaseUrl });
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [projectPath("dist/cli/api-keys.js"), ...args], { env: env() });

  it("makes, lists and revokes keys of a running mesh", async () => {
    const { stdout, stderr } = await run("create", "--name", "by hand", "--scopes", "scan:read, scan:write", "--expires", "90d");
    const key = stdout.trim();
    expect(stderr).toContain(`of the mesh on ${new URL(stage.databaseUrl).host}/`);
    expect((await get("/api/v1/scanner", { "x-api-key": key })).status).toBe(200);
    const id = idOf(key);
    expect((await run("list")).stdout).toMatch(new RegExp(`^${id} +by hand +scan:read,scan:write .* valid until`, "m"));
    await run("revoke", id);
    expect((await run("list")).stdout).not.toContain(id);
    expect((await run("list", "--revoked")).stdout).toMatch(new RegExp(`^${id} .* revoked`, "m"));
    await until("the gateway has noticed", async () => (await get("/api/v1/scanner", { "x-api-key": key })).status === 401);
    const made = await stage.db.selectFrom("audit_events").selectAll().where("subject", "=", id).orderBy("id").execute();
    expect(made.map(({ action, address, key_id }) => [action, address, key_id])).toEqual([
      ["createApiKey", "command line", null],
      ["revokeApiKey", "command line", null],
    ]);
  });

  it.each([
    [["create", "--name", "x", "--scopes", "scan:everything"], `there are ${SCOPES.join(", ")}`],
    [["create", "--name", "x", "--scopes", "admin", "--expires", "1s"], "--expires: 1s is none of days (90d), hours (12h)"],
    [["create", "--name", "x", "--scopes", "admin", "--expires", "2020-01-01"], "--expires: must be in the future"],
    [["create", "--name", "x", "--scopes", "admin", "--rate", "fast"], "--rate: must be from"],
    [["create", "--name", "x", "--scopes", "admin", "--daily-scans", "many"], "--daily-scans: must be a whole number"],
    [["revoke", "000000000000"], "there is no API key 000000000000"],
  ])("refuses %j with a sentence", async (args, sentence) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(sentence) as unknown,
    });
  });
});

it("npm run scan says where to give it a key", async () => {
  const scan = (...args: string[]) =>
    promisify(execFile)(
      process.execPath,
      [projectPath("dist/cli/scan.js"), "--url", gateway.url, ...args, projectPath("LICENSE")],
      {
        env: { PATH: process.env.PATH ?? "" },
      },
    );
  const refused = (sentence: string) => ({ code: 2, stdout: "", stderr: expect.stringContaining(sentence) as unknown });
  await expect(scan()).rejects.toMatchObject(refused("asks for an API key: name one in SCANMESH_API_KEY or by --key"));
  await expect(scan("--key", "sm_any_key")).rejects.toMatchObject(refused("this API key is not known"));
});
