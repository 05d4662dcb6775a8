/** A URL that a browser opens without a key gives its file once, to whoever has it, for a minute. */

import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { fetchBytes } from "../http/bytes-client.js";
import { ask } from "../http/http-client.js";
import { errorOf, idOf, keyWith, operation } from "../keys/keyed-client.js";
import { sha256 } from "./submitting.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const other = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
usePuppet(stage, "puppet", [engine("Alpha")]);

let key: string;
beforeAll(async () => {
  key = await keyWith(gateway, ["sample:read", "scan:read", "scan:write"]);
});

interface Created {
  readonly __typename: string;
  readonly url: string;
  readonly expiresAt: string;
  readonly code: string;
  readonly path: string[];
}

const CREATE = `mutation ($input: CreateDownloadInput!) { createDownload(input: $input) {
  __typename ... on Download { url expiresAt } ... on UserError { code path message } } }`;

async function create(input: object, by = key): Promise<Created> {
  return (await operation(gateway, by, CREATE, { input })).json<{ data: { createDownload: Created } }>().data.createDownload;
}

async function store(bytes: string, name = "sample"): Promise<string> {
  const query = `mutation ($input: SubmitScanInput!) { submitScan(input: $input) { __typename } }`;
  await operation(gateway, key, query, { input: { base64: Buffer.from(bytes, "latin1").toString("base64"), name } });
  const { rows } = await sql<{ sha256: string }>`select sha256 from samples order by id desc limit 1`.execute(stage.db);
  return rows[0]?.sha256 ?? "";
}

const pathOf = (url: string) => new URL(url).pathname;
const events = (action: string, subject: string) =>
  stage.db.selectFrom("audit_events").selectAll().where("action", "=", action).where("subject", "=", subject).execute();

describe("a sample", () => {
  it("comes once, by any gateway, as nothing that a browser would open", async () => {
    const hash = await store("once");
    const { url, expiresAt } = await create({ sha256: hash.toUpperCase() });
    const left = Date.parse(expiresAt) - Date.now();
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(61_000);
    const answers = await Promise.all(
      [gateway, other, gateway, other].map(({ url: base }) =>
        fetchBytes(`${base}${pathOf(url)}`, { "x-request-id": "comes-for-it" }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404, 404, 404]);
    const got = answers.find(({ status }) => status === 200);
    expect(got?.bytes.toString()).toBe("once");
    expect(got?.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${hash}"`,
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    expect(await events("createDownload", hash)).toMatchObject([{ key_id: idOf(key), details: { format: "raw" } }]);
    expect(await events("downloadSample", hash)).toMatchObject([{ key_id: idOf(key), request_id: "comes-for-it" }]);
    const written = JSON.stringify([
      await stage.db.selectFrom("audit_events").selectAll().execute(),
      await stage.db.selectFrom("downloads").selectAll().execute(),
    ]);
    expect(written).not.toContain(pathOf(url).split("/")[2]);
  });

  it("comes in a zip", async () => {
    const hash = await store("zipped");
    const got = await fetchBytes((await create({ sha256: hash, format: "ZIP" })).url);
    expect(got.headers).toMatchObject({
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${hash}.zip"`,
    });
    expect(got.bytes.subarray(0, 2).toString()).toBe("PK");
  });

  it.each([10, 64 * 1024, 100 * 1024])("of %i bytes shows its first 64 KiB", async (size) => {
    const bytes = randomBytes(size);
    const hash = await store(bytes.toString("latin1"));
    const got = await fetchBytes((await create({ sha256: hash, format: "FIRST_64_KIB" })).url);
    expect(got).toMatchObject({ status: 200, cut: false });
    expect(got.bytes.equals(bytes.subarray(0, 64 * 1024))).toBe(true);
    expect(await events("downloadSample", hash)).toMatchObject([{ details: { format: "first64KiB", size } }]);
  });

  it("is not there for a URL that is over, or whose key has ended", async () => {
    const hash = await store("too late");
    const late = await create({ sha256: hash });
    await sql`update downloads set expires_at = now()`.execute(stage.db);
    expect((await ask(late.url)).status).toBe(404);
    const ended = await keyWith(gateway, ["sample:read"]);
    const { url } = await create({ sha256: hash }, ended);
    await sql`update api_keys set revoked_at = now() where id = ${idOf(ended)}`.execute(stage.db);
    expect((await ask(url)).status).toBe(404);
    expect(await events("downloadSample", hash)).toEqual([]);
  });

  it("keeps its URL when somebody only asks about it", async () => {
    const { url } = await create({ sha256: await store("asked about") });
    expect((await ask(url, { method: "HEAD" })).status).toBe(405);
    expect((await ask(url)).text).toBe("asked about");
    expect((await ask(`${gateway.url}/download/unknown`)).status).toBe(404);
  });
});

describe("a CSV", () => {
  it("has the scans of a filter, the newest first, however many", async () => {
    for (let n = 0; n < 3; n++) await store(`csv ${n}`, `list-${n}.exe`);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const { url } = await create({ filter: { names: ["list-*"], started: { since } } });
    const got = await fetchBytes(`${other.url}${pathOf(url)}`);
    expect(got.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="scanmesh-scans.csv"',
      "x-content-type-options": "nosniff",
    });
    const [head, ...lines] = got.bytes.toString().trim().split("\n");
    expect(head).toMatch(/^name;md5;sha1;sha256;start_date;Alpha/);
    expect(lines.map((line) => line.split(";")[0])).toEqual(["list-2.exe", "list-1.exe", "list-0.exe"]);
    expect((await ask(url)).status).toBe(404);
    expect(await events("downloadScans", "scans")).toMatchObject([
      { key_id: idOf(key), details: { filter: { names: ["list-*"] } } },
    ]);

    await sql`insert into scans (sample_id, name, speed, internet, deadline, total, skipped, end_date, verdict)
      select 1, 'many-' || n, 'ALL', false, now() + interval '1 day', 0, '[]', now(), 'INCONCLUSIVE' from generate_series(1, 120) as n`.execute(
      stage.db,
    );
    const many = await fetchBytes((await create({ filter: { names: ["many-*"] } })).url);
    const names = many.bytes
      .toString()
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(";")[0]);
    expect(names).toEqual(Array.from({ length: 120 }, (_, n) => `many-${120 - n}`));
  });
});

describe("nothing is issued", () => {
  it.each([
    ["a sample without sample:read", { sha256: sha256("x") }, ["scan:read"], "sample:read"],
    ["scans without scan:read", { filter: {} }, ["sample:read"], "scan:read"],
  ] as const)("of %s", async (_what, input, scopes, missing) => {
    const error = errorOf(await operation(gateway, await keyWith(gateway, scopes), CREATE, { input }));
    expect(error).toMatchObject({ extensions: { code: "FORBIDDEN" }, message: expect.stringContaining(missing) });
  });

  it.each([
    ["neither", {}, "BAD_INPUT", ["input"]],
    ["both", { sha256: sha256("x"), filter: {} }, "BAD_INPUT", ["input"]],
    ["scans in a zip", { filter: {}, format: "ZIP" }, "BAD_INPUT", ["input", "format"]],
    ["what is no hash", { sha256: "abc" }, "BAD_INPUT", ["input", "sha256"]],
    ["an unknown sample", { sha256: sha256("never sent") }, "NOT_FOUND", ["input", "sha256"]],
    ["a filter that makes no sense", { filter: { names: [] } }, "BAD_INPUT", ["input", "filter", "names"]],
  ])("for %s", async (_what, input, code, path) => {
    expect(await create(input)).toMatchObject({ code, path });
  });
});
