/** What is written down of those who change something. */

import { readdirSync, readFileSync } from "node:fs";
import { createClient } from "graphql-ws";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { audit } from "../../../gateway/db/audit.js";
import { createSchema } from "../../../gateway/graphql/schema.js";
import { projectPath } from "../../../schema/paths.js";
import { engine } from "../../stage/puppet-agent.js";
import { type LocalGateway } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { errorOf, idOf, keyWith, operation } from "../keys/keyed-client.js";
import { hash, json } from "../rest/rest-client.js";

let writer: string;
let admin: string;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const proxied = prepared(() => stage.gateway({ SCANMESH_TRUSTED_PROXIES: "loopback,10.0.0.0/8" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

beforeAll(async () => {
  [writer, admin] = [await keyWith(gateway, ["scan:write"]), await keyWith(gateway, ["admin"])];
});

const eventOf = (requestId: string) =>
  stage.db.selectFrom("audit_events").selectAll().where("request_id", "=", requestId).executeTakeFirst();

describe("what changes something is written down with its key, address and request id", () => {
  const SUBMIT = `mutation { submitScan(input: { base64: "bGl2ZQ==", name: "a.exe" }) { ... on SubmitScanSuccess { scan { scanId } } } }`;
  const known = () => ({ key_id: idOf(writer), address: "127.0.0.1" });

  it("over REST", async () => {
    const headers = { "x-api-key": writer, "x-request-id": "by-rest" };
    const { id } = (await ask(`${gateway.url}/api/v1/sample`, { method: "POST", headers, body: json() })).json<{ id: number }>();
    expect(await eventOf("by-rest")).toMatchObject({ ...known(), action: "submitScan", subject: String(id) });
  });

  it("over GraphQL", async () => {
    const headers = { "x-api-key": writer, "x-request-id": "by-graphql", "content-type": "application/json" };
    const body = JSON.stringify({ query: SUBMIT });
    expect((await ask(`${gateway.url}/graphql`, { method: "POST", headers, body })).status).toBe(200);
    expect(await eventOf("by-graphql")).toMatchObject({
      ...known(),
      action: "submitScan",
      details: { name: "a.exe", sha256: hash("sha256", "live") },
    });
  });

  it("over WebSocket", async () => {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { headers: { "x-request-id": "by-socket" } });
      }
    }
    const client = createClient({
      url: `${gateway.url.replace("http", "ws")}/graphql`,
      webSocketImpl: Socket,
      connectionParams: { apiKey: writer },
    });
    expect(await client.iterate({ query: SUBMIT }).next()).toMatchObject({ value: { data: { submitScan: {} } } });
    await client.dispose();
    expect(await eventOf("by-socket")).toMatchObject({ ...known(), action: "submitScan" });
  });

  it("an upload's bytes too, which come without a key, and without telling the upload's secret", async () => {
    const made = await operation(gateway, writer, "mutation { createUpload { id url } }");
    const { id, url } = made.json<{ data: { createUpload: { id: string; url: string } } }>().data.createUpload;
    const body = "whose bytes are these";
    expect((await ask(url, { method: "PUT", body, headers: { "x-request-id": "by-upload" } })).status).toBe(201);
    expect(await eventOf("by-upload")).toMatchObject({
      ...known(),
      action: "receiveUpload",
      details: { sha256: hash("sha256", body) },
    });
    expect(JSON.stringify(await stage.db.selectFrom("audit_events").selectAll().execute())).not.toContain(id);
  });

  it("every mutation under its name", () => {
    const mutations = Object.keys(createSchema().getMutationType()?.getFields() ?? {});
    const rooms = [
      "gateway/scan",
      "gateway/join",
      "gateway/bundles",
      "gateway/updates",
      "gateway/rulesets",
      "gateway/db",
    ].flatMap((room) => {
      const files = readdirSync(projectPath(room)).map((file) => readFileSync(projectPath(room, file), "utf8"));
      return files.filter((text) => /\baudit/.test(text));
    });
    expect(mutations.length).toBeGreaterThan(10);
    expect(mutations.filter((name) => !rooms.some((text) => new RegExp(`["']${name}["']`).test(text)))).toEqual([]);
  });

  it("what is refused leaves nothing", async () => {
    const reader = await keyWith(gateway, ["scan:read"]);
    const headers = { "x-api-key": reader, "x-request-id": "refused" };
    expect((await ask(`${gateway.url}/api/v1/sample`, { method: "POST", headers, body: json() })).status).toBe(403);
    expect(await eventOf("refused")).toBeUndefined();
  });
});

describe("the address", () => {
  const send = async (to: LocalGateway, requestId: string, headers: Record<string, string>) => {
    const answer = await ask(`${to.url}/api/v1/sample`, {
      method: "POST",
      headers: { "x-api-key": writer, "x-request-id": requestId, ...headers },
      body: json(),
    });
    expect(answer.status).toBe(200);
    return (await eventOf(requestId))?.address;
  };

  it("is the nearest one that is no trusted proxy", async () => {
    expect(await send(proxied, "p1", { "x-forwarded-for": "203.0.113.9" })).toBe("203.0.113.9");
    expect(await send(proxied, "p2", { "x-forwarded-for": "198.51.100.1, 203.0.113.9, 10.1.2.3" })).toBe("203.0.113.9");
  });

  it("is told in the same way over WebSocket", async () => {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { headers: { "x-forwarded-for": "203.0.113.9", "x-request-id": "p-socket" } });
      }
    }
    const client = createClient({ url: `${proxied.url.replace("http", "ws")}/graphql`, webSocketImpl: Socket });
    await client.iterate({ query: "mutation { createUpload { id } }" }).next();
    await client.dispose();
    expect(await eventOf("p-socket")).toMatchObject({ address: "203.0.113.9", key_id: null, action: "createUpload" });
  });

  it("is the connection's own where no proxy is trusted, whatever is claimed", async () => {
    expect(await send(gateway, "p3", { "x-forwarded-for": "203.0.113.9" })).toBe("127.0.0.1");
  });
});

describe("the table", () => {
  it.each([
    ["changed", sql`update audit_events set action = 'nothing'`],
    ["removed", sql`delete from audit_events`],
    ["truncated", sql`truncate audit_events`],
  ])("cannot be %s", async (_what, statement) => {
    const before = await stage.db.selectFrom("audit_events").selectAll().execute();
    expect(before.length).toBeGreaterThan(0);
    await expect(statement.execute(stage.db)).rejects.toThrow("rows of audit_events are only ever added");
    expect(await stage.db.selectFrom("audit_events").selectAll().execute()).toEqual(before);
  });
});

describe("auditEvents", () => {
  const LIST = `query List($filter: AuditFilter, $first: Int!, $after: String) { auditEvents(filter: $filter, first: $first, after: $after) {
    nodes { id at keyId keyName address requestId action subject details } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
  interface Page {
    readonly nodes: readonly {
      id: string;
      at: string;
      keyId: string | null;
      keyName: string | null;
      action: string;
      subject: string;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  }
  const list = async (filter: object | null, first = 100, after?: string | null): Promise<Page> => {
    const answer = await operation(gateway, admin, LIST, { filter, first, after });
    return answer.json<{ data: { auditEvents: Page } }>().data.auditEvents;
  };

  it("is for admin alone", async () => {
    const answer = await operation(gateway, writer, LIST, { first: 1 });
    expect(errorOf(answer)).toMatchObject({ extensions: { code: "FORBIDDEN", scope: "admin" } });
  });

  it("lists all of them, the newest first, page by page, though many are of one moment", async () => {
    const actor = { key: null, address: "here", requestId: "paging" };
    await stage.db.transaction().execute(async (tx) => {
      for (let i = 0; i < 7; i += 1) await audit(tx, actor, "page", String(i));
    });
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Page = await list({ action: "page" }, 3, after);
      seen.push(...page.nodes.map(({ subject }) => subject));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(["6", "5", "4", "3", "2", "1", "0"]);
  });

  it("filters by key, action, subject and time", async () => {
    const byKey = await list({ keyId: idOf(writer) });
    expect(byKey.nodes.length).toBeGreaterThan(3);
    expect(new Set(byKey.nodes.map(({ keyId, keyName }) => `${keyId} ${keyName}`))).toEqual(new Set([`${idOf(writer)} test`]));
    expect((await list({ action: "createApiKey", subject: idOf(admin) })).nodes).toHaveLength(1);
    const [newest] = (await list(null, 1)).nodes;
    expect((await list({ since: newest?.at })).nodes.map(({ id }) => id)).toContain(newest?.id);
    expect((await list({ until: newest?.at })).nodes.map(({ id }) => id)).not.toContain(newest?.id);
  });

  it.each([
    [{ first: 0 }, /first/],
    [{ first: 101 }, /first/],
    [{ first: 1, after: "bm90IGE" }, /cursor/],
    [{ first: 1, after: Buffer.from("scans NEWEST_FIRST:1:1").toString("base64url") }, /^after: is not a cursor of this list$/],
    [{ first: 1, filter: { since: "2026-02-01T00:00:00Z", until: "2026-01-01T00:00:00Z" } }, /^filter: since is after until$/],
  ])("refuses %j", async (variables, message) => {
    const error = errorOf(await operation(gateway, admin, LIST, variables));
    expect(error).toMatchObject({ extensions: { code: "BAD_INPUT" } });
    expect(error?.message).toMatch(message);
  });
});
