import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import { createFetcher, type Fetcher } from "../../../scanner-agent/fetcher/fetcher.js";
import { createSources } from "../../../scanner-agent/fetcher/sources.js";
import { Manifest } from "../../../schema/manifest.js";
import { FetchJobs, type FetchJob } from "../../../schema/fetch-job.js";
import { testLog } from "../../stage/log.js";
import { serveFiles, startMirror, type Mirror } from "./mirror.js";

const FINAL: ReadonlySet<string> = new Set(["DONE", "BLOCKED", "FAILED"]);
const ROOM = 1024 ** 2;
const TOKEN = "/bundles/token";
const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

let folder: string;
const fetchers: Fetcher[] = [];
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "scanmesh-test-fetcher-"))));
afterEach(async () => {
  await Promise.all(fetchers.splice(0).map((fetcher) => fetcher.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** A gateway as a fetcher sees it. */
async function startGateway(there: readonly string[] = []) {
  const uploaded = new Map<string, string>();
  const published: unknown[] = [];
  const gateway = await startMirror((request, response) => {
    const parts: Buffer[] = [];
    // Each request needs a connection of its own, which takes a moment.
    response.setHeader("connection", "close");
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      if (request.method === "GET")
        return response.end(JSON.stringify({ engine: "Scanner", set: "main", files: there, room: ROOM }));
      if (request.method === "PUT") uploaded.set((request.url ?? "").replace(`${TOKEN}/`, ""), body);
      else published.push(JSON.parse(body));
      return response.end("{}");
    });
  });
  return { gateway, uploaded, published };
}

function fetcherOf(updates: object, gateway: Mirror, env: Record<string, string> = {}) {
  const manifest = Manifest.parse({
    name: "Scanner",
    type: "METADATA",
    speed: "FAST",
    internet: false,
    output: "yara",
    run: { builtin: { module: "yara" } },
    updates,
  });
  const config = readAgentConfig({ SCANMESH_FETCH: "on", SCANMESH_FETCH_DIR: join(folder, "fetcher"), ...env });
  const log = testLog("fetcher");
  const fetcher = createFetcher({
    sources: createSources([manifest], config, log, async () => 1024 ** 3),
    // A name takes a moment to be resolved.
    gateway: gateway.url.replace("127.0.0.1", "localhost"),
    authority: undefined,
    onChange: () =>
      FetchJobs.parse(fetcher.jobs())
        .jobs.filter(({ state }) => FINAL.has(state))
        .forEach((job) => told.get(job.job)?.(job)),
    log,
  });
  fetchers.push(fetcher);
  const told = new Map<string, (job: FetchJob) => void>();
  let n = 0;
  const look = (known: readonly string[] = [], set = "main") => {
    n += 1;
    const job = `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
    const ended = new Promise<FetchJob>((resolve) => told.set(job, resolve));
    fetcher.take([{ engine: "scanner", set, job, url: TOKEN, known: [...known] }]);
    return ended;
  };
  return { fetcher, look };
}

describe("files of a web server", () => {
  const every = (files: Record<string, string>): RequestListener =>
    serveFiles(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));
  const source = (mirror: Mirror, ...names: string[]) => ({
    main: { source: "http", every: "6h", urls: names.map((name) => `${mirror.url}/${name}`) },
  });

  test("are uploaded once, and published as they are", async () => {
    const mirror = await startMirror(every({ "a.ndb": "first", "b.hdb": "second" }));
    const { gateway, uploaded, published } = await startGateway([sha256("first")]);
    const { fetcher, look } = fetcherOf(source(mirror, "a.ndb", "b.hdb"), gateway);
    expect(fetcher.jobs().sources).toEqual([{ engine: "Scanner", set: "main", everyMs: 6 * 3_600_000 }]);
    expect(await look()).toMatchObject({ state: "DONE", until: null, checkedAt: expect.any(String) as string });
    expect([...uploaded]).toEqual([[sha256("second"), "second"]]);
    const files = [
      { path: "a.ndb", size: 5, sha256: sha256("first") },
      { path: "b.hdb", size: 6, sha256: sha256("second") },
    ];
    expect(published).toEqual([{ kind: "FILES", version: null, date: null, files, image: null, positive: null }]);
  });

  test("are taken although a clock is ten minutes off, which is told", async () => {
    const date = new Date(Date.now() + 600_000).toUTCString();
    const mirror = await startMirror((_, response) => response.writeHead(200, { date }).end("first"));
    const { gateway, published } = await startGateway();
    const { look } = fetcherOf(source(mirror, "a.ndb"), gateway);
    const clock = "This host's clock is 10 minutes behind: set it, or let it be set by NTP.";
    expect(await look()).toMatchObject({ state: "DONE", reason: `The gateway has what is new. ${clock}` });
    expect(await look([sha256("first")])).toMatchObject({ state: "DONE", reason: `There is nothing new. ${clock}` });
    expect(published).toHaveLength(1);
  });

  test("that the newest bundle has are not offered again", async () => {
    const mirror = await startMirror(every({ "a.ndb": "first" }));
    const { gateway } = await startGateway();
    const { look } = fetcherOf(source(mirror, "a.ndb"), gateway);
    expect(await look([sha256("first")])).toMatchObject({ state: "DONE", reason: "There is nothing new." });
    expect(gateway.asked).toEqual([]);
  });

  test("that are unchanged are not sent again", async () => {
    const etags: (string | undefined)[] = [];
    const mirror = await startMirror(({ headers }, response) => {
      etags.push(headers["if-none-match"]);
      if (headers["if-none-match"] === '"1"') return response.writeHead(304).end();
      return response.writeHead(200, { etag: '"1"', "last-modified": "Mon, 30 Nov 2026 10:00:00 GMT" }).end("first");
    });
    const { gateway, published } = await startGateway();
    const { look } = fetcherOf(source(mirror, "a.ndb"), gateway);
    await look();
    expect(await look()).toMatchObject({ state: "DONE" });
    expect(etags).toEqual([undefined, '"1"']);
    expect(published).toHaveLength(2);
    expect(published[1]).toEqual(published[0]);
    expect(published[0]).toMatchObject({ date: "2026-11-30T10:00:00.000Z" });
  });

  const refusals: [status: number, headers: Record<string, string>, hours: number][] = [
    [403, {}, 24],
    [429, { "retry-after": "3600" }, 1],
  ];
  test.each(refusals)(
    "of a server that answers %i %o are left alone for %i hours, also by the next process",
    async (status, headers, hours) => {
      const mirror = await startMirror((_, response) => response.writeHead(status, headers).end());
      const { gateway } = await startGateway();
      const blocked = await fetcherOf(source(mirror, "a.ndb"), gateway).look();
      expect(blocked).toMatchObject({ state: "BLOCKED", reason: expect.stringContaining(`(${status})`) as string });
      expect(Math.abs(Date.parse(blocked.until ?? "") - Date.now() - hours * 3_600_000)).toBeLessThan(300_000);
      mirror.answer = every({ "a.ndb": "first" });
      expect(await fetcherOf(source(mirror, "a.ndb"), gateway).look()).toMatchObject({ state: "BLOCKED", until: blocked.until });
      expect(mirror.asked).toHaveLength(1);
    },
  );

  const bad: [what: string, answer: RequestListener, sentence: string][] = [
    ["a page", (_, response) => response.end("<!DOCTYPE html><html></html>"), "with a page instead of a file"],
    [
      "half a file",
      (_, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write("half", () => response.destroy());
      },
      "broke off in the middle of a file",
    ],
    ["nothing", (_, response) => response.writeHead(404).end(), "There is no http"],
    ["trouble", (_, response) => response.writeHead(500).end(), "answers 500. It is asked again later"],
    [
      "more than there is room for",
      (_, response) => response.writeHead(200, { "content-length": 2 * 1024 ** 3 }).flushHeaders(),
      "2 GiB are needed",
    ],
  ];
  test.each(bad)("with %s fail with a sentence, and nothing is offered", async (_what, answer, sentence) => {
    const mirror = await startMirror(answer);
    const { gateway } = await startGateway();
    const { look } = fetcherOf(source(mirror, "a.ndb"), gateway);
    expect(await look()).toMatchObject({ state: "FAILED", until: null, reason: expect.stringContaining(sentence) as string });
    expect(gateway.asked).toEqual([]);
  });

  test("come through a proxy, with its name and password", async () => {
    const proxy = await startMirror(({ headers }, response) => response.writeHead(407).end(headers.host));
    const { gateway, uploaded } = await startGateway();
    const authorized: (string | undefined)[] = [];
    proxy.answer = ({ headers }, response) => {
      authorized.push(headers["proxy-authorization"]);
      response.end("by the proxy");
    };
    const updates = { main: { source: "http", urls: ["http://signatures.invalid/a.ndb"] } };
    const address = proxy.url.replace("//", "//me:a%20b@");
    expect(await fetcherOf(updates, gateway, { SCANMESH_FETCH_PROXY: address }).look()).toMatchObject({ state: "DONE" });
    expect([...uploaded.values()]).toEqual(["by the proxy"]);
    expect(authorized).toEqual([`Basic ${Buffer.from("me:a b").toString("base64")}`]);
  });

  test("that a proxy gives no way to fail with a sentence", async () => {
    const proxy = await startMirror((_, response) => response.writeHead(500).end());
    const { gateway } = await startGateway();
    const updates = { main: { source: "http", urls: ["https://signatures.invalid/a.ndb"] } };
    const { reason } = await fetcherOf(updates, gateway, { SCANMESH_FETCH_PROXY: proxy.url }).look();
    expect(reason).toContain("The proxy of SCANMESH_FETCH_PROXY gives no way to signatures.invalid");
  });
});

describe("a folder", () => {
  test("is a bundle with its subfolders, without what is hidden", async () => {
    const rules = join(folder, "rules");
    await mkdir(join(rules, "web"), { recursive: true });
    for (const name of ["b.yar", "web/a.yar", ".hidden"]) await writeFile(join(rules, name), name);
    const { gateway, published } = await startGateway();
    const { look } = fetcherOf({ rules: { source: "folder", folder: "{yara-rules}" } }, gateway, { SCANMESH_YARA_RULES: rules });
    expect(await look([], "rules")).toMatchObject({ state: "DONE" });
    expect(published).toMatchObject([{ files: [{ path: "b.yar" }, { path: "web/a.yar" }] }]);
  });

  test("with a name that no bundle can have, or without a file, fails with a sentence", async () => {
    const rules = join(folder, "rules");
    await mkdir(rules);
    const { gateway } = await startGateway();
    const { look } = fetcherOf({ main: { source: "folder", folder: rules } }, gateway);
    expect((await look()).reason).toContain("There is no file in");
    await writeFile(join(rules, "a\nb.yar"), "");
    expect((await look()).reason).toContain('The file "a\\nb.yar"');
    await rm(rules, { recursive: true });
    expect((await look()).reason).toContain("cannot be read");
  });
});

test("a gateway's refusal is told in its own words, and the same job is done once", async () => {
  const rules = join(folder, "rules");
  await mkdir(rules);
  await writeFile(join(rules, "a.yar"), "a");
  const gateway = await startMirror((_, response) => response.writeHead(507).end(JSON.stringify({ error: "BUNDLES is full." })));
  const { fetcher, look } = fetcherOf({ main: { source: "folder", folder: rules } }, gateway);
  const failed = await look();
  expect(failed).toMatchObject({ state: "FAILED", reason: "The gateway refuses what was fetched (507): BUNDLES is full." });
  const asked = gateway.asked.length;
  fetcher.take([{ engine: "Scanner", set: "main", job: failed.job, url: TOKEN, known: [] }]);
  fetcher.take([{ engine: "Scanner", set: "other", job: "00000000-0000-4000-8000-00000000000f", url: TOKEN, known: [] }]);
  expect(fetcher.jobs().jobs).toEqual([failed]);
  expect(gateway.asked).toHaveLength(asked);
});
