/** Samples back: what leaves is the sample, all of it, and somebody is written down for it. */

import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect, credsAuthenticator } from "nats";
import { beforeAll, describe, expect, it } from "vitest";
import type { SampleLocation } from "../../../gateway/bus/sample-store.js";
import { CHUNK_BYTES } from "../../../schema/streams.js";
import { chunkSubject } from "../../../schema/subjects.js";
import { until } from "../../stage/stage.js";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { fetchBytes } from "../http/bytes-client.js";
import { ask } from "../http/http-client.js";
import { idOf, keyWith, operation } from "../keys/keyed-client.js";

let reader: string;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const open = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);

beforeAll(async () => {
  reader = await keyWith(gateway, ["sample:read"]);
});

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Stores a sample; its sha256. */
async function store(bytes: Uint8Array): Promise<string> {
  const made = await operation(open, undefined, "mutation { createUpload { url } }");
  const { url } = made.json<{ data: { createUpload: { url: string } } }>().data.createUpload;
  expect((await ask(url, { method: "PUT", body: bytes })).status).toBe(201);
  return sha256(bytes);
}

const download = (path: string, headers: Record<string, string> = {}, { url } = gateway) => fetchBytes(`${url}${path}`, headers);
const withKey = () => ({ "x-api-key": reader });
const downloads = async (subject: string) =>
  stage.db.selectFrom("audit_events").selectAll().where("subject", "=", subject).where("action", "=", "downloadSample").execute();

/** Puts other bytes in the place of a chunk, or removes it. */
async function spoil(hash: string, n: number, bytes?: Uint8Array): Promise<void> {
  const row = await stage.db
    .selectFrom("samples")
    .select(["blob", "isolated_chunks"])
    .where("sha256", "=", hash)
    .executeTakeFirstOrThrow();
  if (bytes === undefined)
    return gateway.context.samples.remove("isolated", [[row.isolated_chunks?.[n] ?? 0] as unknown as SampleLocation]);
  const nc = await connect({
    servers: stage.nats().url,
    authenticator: credsAuthenticator(readFileSync(stage.keys.creds.gateway.isolated)),
  });
  await nc.jetstream().publish(chunkSubject(String(row.blob), n), bytes);
  await nc.close();
}

describe("a sample", () => {
  it.each([
    ["empty", 0],
    ["of one byte", 1],
    ["of exactly a chunk", CHUNK_BYTES],
    ["of many chunks", 5 * CHUNK_BYTES + 7],
  ])("%s comes back as it was sent, as nothing that a browser would open", async (_what, size) => {
    const bytes = randomBytes(size);
    const hash = await store(bytes);
    const got = await download(`/samples/${hash.toUpperCase()}`, withKey());
    expect(got).toMatchObject({ status: 200, cut: false });
    expect(got.bytes.equals(bytes)).toBe(true);
    expect(got.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${hash}"`,
      "content-length": String(size),
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
    expect(await downloads(hash)).toMatchObject([
      { key_id: idOf(reader), address: "127.0.0.1", details: { format: "raw", size } },
    ]);
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["that can be compressed", Buffer.alloc(3 * CHUNK_BYTES, "malware ")],
    ["that cannot", randomBytes(2 * CHUNK_BYTES + 1)],
  ])("%s comes in a zip that Python and unzip open with the usual password", async (_what, bytes) => {
    const hash = await store(bytes);
    const got = await download(`/samples/${hash}?format=zip`, withKey());
    expect(got).toMatchObject({ status: 200, cut: false });
    expect(got.headers).toMatchObject({
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${hash}.zip"`,
      "x-content-type-options": "nosniff",
    });
    const file = join(stage.folder, "sample.zip");
    writeFileSync(file, got.bytes);
    const script = `import hashlib, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
[entry] = archive.infolist()
assert entry.flag_bits & 1, "not encrypted"
try:
    archive.read(entry, pwd=b"wrong")
    sys.exit("opens with any password")
except (RuntimeError, zipfile.BadZipFile, zipfile.zlib.error):
    pass
print(entry.filename, hashlib.sha256(archive.read(entry, pwd=b"infected")).hexdigest())`;
    const { stdout } = await promisify(execFile)("python3", ["-c", script, file]);
    expect(stdout.trim()).toBe(`${hash} ${hash}`);
    expect(await downloads(hash)).toContainEqual(expect.objectContaining({ details: { format: "zip", size: bytes.length } }));
  });

  it("tells where it is to be had", async () => {
    const hash = await store(Buffer.from("where"));
    const query = `{ sample(hash: "${hash}") { downloadUrl } }`;
    const { data } = (await operation(open, undefined, query)).json<{ data: { sample: { downloadUrl: string } } }>();
    expect(data.sample.downloadUrl).toBe(`${open.url}/samples/${hash}`);
    expect((await ask(data.sample.downloadUrl)).text).toBe("where");
  });

  it("is told about by HEAD, and that is not written down", async () => {
    const hash = await store(Buffer.from("head"));
    const answer = await ask(`${gateway.url}/samples/${hash}`, { method: "HEAD", headers: withKey() });
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(answer.headers["content-length"]).toBe("4");
    expect(await downloads(hash)).toEqual([]);
  });

  it("is given to a slow reader without being held in memory", async () => {
    const hash = await store(randomBytes(64 * 1024 * 1024));
    for (const path of [`/samples/${hash}`, `/samples/${hash}?format=zip`]) {
      let reads = 0;
      const { samples } = gateway.context;
      const read = samples.read.bind(samples);
      async function* counting(...args: Parameters<typeof read>): AsyncGenerator<Uint8Array> {
        for await (const piece of read(...args)) {
          reads++;
          yield piece;
        }
      }
      Object.assign(samples, { read: counting });
      try {
        const incoming = await new Promise<IncomingMessage>((resolve) => {
          request(`${gateway.url}${path}`, { agent: false, headers: withKey() }, resolve).end();
        });
        incoming.once("readable", () => undefined);
        await until("the socket is full", async () => {
          const before = reads;
          await new Promise((resolve) => setTimeout(resolve, 300));
          return reads > 1 && reads === before;
        });
        expect(reads).toBeLessThan(60);
        incoming.destroy();
      } finally {
        Object.assign(samples, { read });
      }
    }
  });
});

describe("nothing is handed out", () => {
  it("without sample:read", async () => {
    const hash = await store(Buffer.from("closed"));
    expect((await download(`/samples/${hash}`)).status).toBe(401);
    const refused = await download(`/samples/${hash}`, { "x-api-key": await keyWith(gateway, ["scan:read", "scan:write"]) });
    expect(refused.status).toBe(403);
    expect(refused.bytes.toString()).toContain("sample:read");
    expect(await downloads(hash)).toEqual([]);
  });

  it.each([
    ["a page of another origin", { origin: "https://evil.example.org" }],
    ["a link on another page", { "sec-fetch-site": "cross-site" }],
    ["a page on another port of this machine", { "sec-fetch-site": "same-site" }],
    ["a rebound name", { host: "evil.example.org" }],
  ])("to %s where no key is needed", async (_what, headers) => {
    const hash = await store(Buffer.from("open to this machine"));
    expect((await download(`/samples/${hash}`, headers, open)).status).toBe(403);
    expect((await download(`/samples/${hash}`, { "sec-fetch-site": "none" }, open)).status).toBe(200);
    expect((await download(`/samples/${hash}`, { "sec-fetch-site": "same-origin" }, open)).status).toBe(200);
  });

  it.each([
    ["for what is no sha256", "/samples/abc", 400, /sha256/],
    ["for an unknown format", `/samples/${"0".repeat(64)}?format=rar`, 400, /format/],
    ["for an unknown sample", `/samples/${"0".repeat(64)}`, 404, /no sample/],
  ])("%s", async (_what, path, status, message) => {
    const got = await download(path, withKey());
    expect(got.status).toBe(status);
    expect(got.bytes.toString()).toMatch(message);
    expect(got.headers["content-type"]).toMatch(/json/);
  });

  it.each([0, 1])("of a sample whose chunk %i of 2 is gone before it begins: 410", async (n) => {
    const hash = await store(randomBytes(CHUNK_BYTES + 10 + n));
    await spoil(hash, n);
    const got = await download(`/samples/${hash}`, withKey());
    expect(got.status).toBe(410);
    expect(got.bytes.toString()).toContain("not stored any more");
    expect(await downloads(hash)).toEqual([]);
  });

  it.each(["raw", "zip"])("that is wrong as %s: what is missing or changed in the middle cuts the answer off", async (format) => {
    for (const other of [undefined, randomBytes(CHUNK_BYTES)]) {
      const bytes = randomBytes(4 * CHUNK_BYTES);
      const hash = await store(bytes);
      await spoil(hash, 2, other);
      const got = await download(`/samples/${hash}?format=${format}`, withKey());
      expect(got).toMatchObject({ status: 200, cut: true });
      expect(got.bytes.length).toBeLessThan(bytes.length);
    }
  });

  it("of a small sample that was changed", async () => {
    const hash = await store(Buffer.from("as it was"));
    await spoil(hash, 0, Buffer.from("another"));
    const got = await download(`/samples/${hash}`, withKey());
    expect(got.status).toBe(500);
    expect(got.bytes.toString()).toBe('{"error":"internal error"}');
  });
});
