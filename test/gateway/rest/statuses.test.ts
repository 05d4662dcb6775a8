/** Every status that the OpenAPI document names is sent. That no other is sent, every test asks that uses `ask`. */

import pg from "pg";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { GatewayError } from "../../../gateway/errors.js";
import { openApi } from "../../../gateway/rest/openapi.js";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { whileLocked } from "../db/locked-scans.js";
import { ask, type Answer, type Ask } from "../http/http-client.js";
import { keyWith } from "../keys/keyed-client.js";
import { json } from "./rest-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_LIST_TIMEOUT: "200ms" }));
const keyed = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
usePuppet(stage, "puppet", [engine("ClamAV")]);

let sha256: string;
let id: number;
const admin = new pg.Client({ connectionString: inject("postgresUrl") });

beforeAll(async () => {
  await admin.connect();
  const answer = await ask(`${gateway.url}/api/v1/sample`, { method: "POST", body: json() });
  ({
    id,
    hashes: { sha256 },
  } = answer.json<{ id: number; hashes: { sha256: string } }>());
});
afterAll(() => admin.end());

const good = (path: string) => path.replace("{id}", String(id)).replace("{sha256}", sha256);
const SEARCHED: Readonly<Record<string, string>> = {
  "/api/report": "?id=1",
  "/api/search": "?file_hash=%25a%25",
  "/export/csv": "?q=%25a%25",
};
const UNREADABLE = "{";
/** What a GET makes no sense of. */
const BAD: Readonly<Record<string, string>> = {
  "/api/v1/sample": "/api/v1/sample?limit=0",
  "/api/v1/sample/{id}": "/api/v1/sample/x",
  "/api/search": `/api/search?file_hash=${",".repeat(1_000)}`,
  "/export/csv": "/export/csv?l=x",
  "/samples/{sha256}": "/samples/x",
};

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
}

const call = ({ method, path }: Endpoint, more: Ask = {}, { url }: { readonly url: string } = gateway): Promise<Answer> => {
  const body = path === "/api/v1/sample" || path === "/api/upload" ? json() : "";
  return ask(`${url}${good(path)}${SEARCHED[path] ?? ""}`, { method, ...(method === "POST" ? { body } : {}), ...more });
};

async function refusedBy(refusal: GatewayError, endpoint: Endpoint): Promise<Answer> {
  const put = vi.spyOn(gateway.context.samples, "put").mockRejectedValueOnce(refusal);
  try {
    return await call(endpoint);
  } finally {
    put.mockRestore();
  }
}

async function withoutDatabase(endpoint: Endpoint): Promise<Answer> {
  const name = new URL(stage.databaseUrl).pathname.slice(1);
  await admin.query(`alter database ${name} allow_connections false`);
  await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
  try {
    return await call(endpoint);
  } finally {
    await admin.query(`alter database ${name} allow_connections true`);
  }
}

async function withKey(endpoint: Endpoint, text: string): Promise<Answer> {
  return call(endpoint, { headers: { authorization: `Bearer ${text}` } }, keyed);
}

async function tooOften(endpoint: Endpoint): Promise<Answer> {
  const key = await keyWith(keyed, ["scan:read", "scan:write", "sample:read"], { rate: 1 });
  await withKey(endpoint, key);
  return withKey(endpoint, key);
}

async function sameKeyTwice(endpoint: Endpoint): Promise<Answer> {
  const headers = { "idempotency-key": endpoint.path };
  await call(endpoint, { body: json(), headers });
  return call(endpoint, { body: json({ sample_name: "another" }), headers });
}

/** How an endpoint is brought to a status. */
const CAUSES: Readonly<Record<number, (endpoint: Endpoint) => Promise<Answer>>> = {
  200: call,
  400: (endpoint) =>
    endpoint.method === "POST" ? call(endpoint, { body: UNREADABLE }) : ask(`${gateway.url}${BAD[endpoint.path]}`),
  401: (endpoint) => call(endpoint, {}, keyed),
  403: async (endpoint) => withKey(endpoint, await keyWith(keyed, ["fleet:write"])),
  404: () => ask(`${gateway.url}/samples/${"0".repeat(64)}`),
  410: async (endpoint) => {
    await sql`update samples set blob = null, isolated_chunks = null`.execute(stage.db);
    return call(endpoint);
  },
  413: (endpoint) => call(endpoint, { headers: { "content-length": "99999999999999" }, body: "" }),
  415: (endpoint) => call(endpoint, { headers: { "content-encoding": "gzip" } }),
  422: sameKeyTwice,
  429: tooOften,
  503: withoutDatabase,
  504: (endpoint) => whileLocked(stage.db, () => call(endpoint)),
  507: (endpoint) => refusedBy(new GatewayError("STORAGE_FULL", "there is no room"), endpoint),
};
/** A fault has no cause that is known beforehand; a slow body is one in body.test.ts. */
const ELSEWHERE = new Set([500, 408]);

const documented = Object.entries(openApi().paths).flatMap(([path, verbs]) =>
  Object.entries(verbs).flatMap(([verb, { responses }]) =>
    Object.keys(responses).map((status) => ({ status: Number(status), method: verb.toUpperCase() as "GET" | "POST", path })),
  ),
);
const last = [503, 410];
const inOrder = documented
  .filter(({ status }) => !ELSEWHERE.has(status))
  .toSorted((a, b) => last.indexOf(a.status) - last.indexOf(b.status));

it.each(inOrder)("$status of $method $path", async ({ status, ...endpoint }) => {
  expect((await CAUSES[status]?.(endpoint))?.status).toBe(status);
});
