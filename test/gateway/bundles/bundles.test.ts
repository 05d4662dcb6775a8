import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { BUNDLE_CHUNK_BYTES, BUNDLE_LIMITS } from "../../../schema/bundle.js";
import { isBundleSignature } from "../../../schema/bundle-signature.js";
import { bundleReadSubject, BUNDLES } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { listed, listing, openBundle, post, publish, putFile, sha256 } from "./sending.js";

const MIB = 1024 ** 2;

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_BUNDLES_MAX: "8MiB" }));
const agent = usePuppet(stage, "puppet", [engine("Av"), engine("Other")]);

beforeEach(async () => {
  await sql`truncate bundles, bundle_uploads, engine_targets, engine_updates restart identity cascade`.execute(stage.db);
  const { files, parts } = await gateway.context.bundles.content("isolated");
  await gateway.context.bundles.remove("isolated", [...files.keys(), ...parts]);
});

const shown = async (options = "") => listed(gateway.url, options);
const stored = async () => [...(await gateway.context.bundles.content("isolated")).files.keys()];
const error = async (answer: Promise<{ status: number; json<T>(): T }>) => {
  const { status, json } = await answer;
  return [status, json<{ error?: string }>().error];
};

it("what is sent is published under the mesh's own order, signed, and agents of the class read it", async () => {
  const large = randomBytes(BUNDLE_CHUNK_BYTES + 7);
  const files = { "daily.cvd": large, "rules/a b.yar": "rule a {}", empty: "" };
  const answer = await publish(gateway.url, files, { version: "27500", date: "2026-11-20T10:00:00.000Z", positive: "empty" });
  const published = answer.json<{ digest: string; sequence: number; known: boolean }>();
  expect([answer.status, published.sequence, published.known]).toEqual([200, 1, false]);

  const read = async (file: string, n: number) => Buffer.from((await agent.request(bundleReadSubject(file, n))).data);
  expect(Buffer.concat([await read(sha256(large), 0), await read(sha256(large), 1)]).equals(large)).toBe(true);
  const manifest = await read(published.digest, 0);
  expect(sha256(manifest)).toBe(published.digest);
  expect(JSON.parse(manifest.toString())).toMatchObject({
    engine: "Av",
    set: "main",
    sequence: 1,
    version: "27500",
    positive: "empty",
  });
  const row = await stage.db.selectFrom("bundles").selectAll().executeTakeFirstOrThrow();
  const key = gateway.context.bundleKey?.publicKey ?? Buffer.alloc(0);
  expect(isBundleSignature(key, published.digest, row.signature)).toBe(true);
  expect(isBundleSignature(key, sha256("another"), row.signature)).toBe(false);

  expect((await publish(gateway.url, { "daily.cvd": "newer" }, { version: "27501" })).json()).toMatchObject({ sequence: 2 });
  expect((await publish(gateway.url, { "x.cvd": "x" }, { engine: "other" })).json()).toMatchObject({ sequence: 1 });
  expect(await shown('(engine: "av", set: "main")')).toMatchObject([
    { sequence: 2, version: "27501", fileCount: 1, size: 5, source: "uploaded" },
    { sequence: 1, version: "27500", fileCount: 3, size: large.length + 9, digest: published.digest },
  ]);
  const audited = await stage.db.selectFrom("audit_events").select("subject").where("action", "=", "publishBundle").execute();
  expect(audited.map(({ subject }) => subject)).toContain("Av main 2");
});

it("a file that is there need not be sent again, and one that does not arrive whole leaves nothing", async () => {
  const to = await openBundle(gateway.url, "Av");
  const bytes = randomBytes(2 * BUNDLE_CHUNK_BYTES);
  expect(await error(putFile(to, bytes, sha256("other")))).toEqual([400, expect.stringMatching(/^these bytes have the sha256 /)]);
  expect(await gateway.context.bundles.content("isolated")).toMatchObject({ files: new Map(), parts: [] });
  const cut = request(`${to}/${sha256(bytes)}`, { method: "PUT", headers: { "content-length": bytes.length + 1 } });
  cut.on("error", () => {}).write(bytes);
  await until("its beginning is there", async () => (await gateway.context.bundles.content("isolated")).parts.length === 1);
  cut.destroy();
  await until("nothing of it is there", async () => (await gateway.context.bundles.content("isolated")).parts.length === 0);

  expect((await putFile(to, bytes)).json()).toEqual({ sha256: sha256(bytes), size: bytes.length });
  expect((await ask(to)).json()).toMatchObject({ engine: "Av", set: "main", files: [sha256(bytes)] });
  const jsm = await gateway.context.bus.account("isolated").connection.up().jetstreamManager({ checkAPI: false });
  const last = async () => (await jsm.streams.info(BUNDLES)).state.last_seq;
  const before = await last();
  expect((await putFile(to, bytes)).status).toBe(201);
  expect(await last()).toBe(before);
  const { digest } = (await post(to, { files: listing({ a: bytes }) })).json<{ digest: string }>();
  const kept = new Set(await stored());
  const again = await openBundle(gateway.url, "Av");
  // What is sent badly under the name of a file that a bundle has takes nothing away.
  expect(await error(putFile(again, "other", sha256(bytes)))).toEqual([
    400,
    expect.stringMatching(/has 1966080 bytes, and not 5$/),
  ]);
  expect((await putFile(again, randomBytes(bytes.length), sha256(bytes))).status).toBe(400);
  expect((await putFile(again, "other", digest)).status).toBe(400);
  expect(new Set(await stored())).toEqual(kept);
});

describe("a bundle is refused with a sentence", () => {
  const one = { path: "a.cvd", size: 1, sha256: sha256("a") };
  it.each<[string, object, RegExp]>([
    ["a path that leads out", { files: [{ ...one, path: "../a" }] }, /^files: "..\/a" needs a relative path of plain names$/],
    ["an absolute path", { files: [{ ...one, path: "/etc/passwd" }] }, /"\/etc\/passwd" needs a relative path/],
    ["a hidden file", { files: [{ ...one, path: "x/.y" }] }, /"x\/\.y" needs a relative path/],
    ["a name twice", { files: [one, { ...one, path: "A.CVD" }] }, /^files: "A.CVD" is named twice; upper and lower case/],
    ["no file", {}, /^files: needs at least one file$/],
    [
      "too many files",
      { files: Array.from({ length: BUNDLE_LIMITS.files + 1 }, (_, n) => ({ ...one, path: `${n}` })) },
      /^files: a bundle has 5000 files at most, and these are 5001$/,
    ],
    [
      "more than there may be",
      { files: [{ ...one, size: 9 * MIB }] },
      /^these files have 9 MiB, and all bundles together may have 8 MiB$/,
    ],
    [
      "a list that is too long",
      { files: Array.from({ length: BUNDLE_LIMITS.files }, (_, n) => ({ ...one, size: 0, path: `${"x".repeat(200)}${n}` })) },
      /^the names of these files are too long for one bundle/,
    ],
    ["no sha256", { files: [{ ...one, sha256: "a" }] }, /^files: sha256 of a.cvd: /],
    ["a positive that is not there", { files: [one], positive: "b" }, /^positive: is not among the files$/],
    [
      "a file that was not sent",
      { files: [one] },
      /^files: 1 of 1 files are not there as they are described, a.cvd among them: send them first$/,
    ],
    ["an image without its name", { kind: "IMAGE" }, /^image: belongs to an image alone$/],
  ])("for %s", async (_, body, sentence) => {
    const to = await openBundle(gateway.url, "Av");
    const [status, text] = await error(post(to, body));
    expect(text).toMatch(sentence);
    expect(status).toBe(/may have|too long/.test(String(text)) ? 413 : 400);
    expect(await shown()).toEqual([]);
  });

  it("for one that is older, unless it is forced; what has no order is taken", async () => {
    await publish(gateway.url, { "a.cvd": "1" }, { version: "27500", date: "2026-11-20T10:00:00Z" });
    const older = /^version: version 27499 is older than 27500, which is bundle 1 of Av main: force it/;
    expect(await error(publish(gateway.url, { "a.cvd": "0" }, { version: "27499" }))).toEqual([
      400,
      expect.stringMatching(older),
    ]);
    const made = /^version: what was made on 2026-11-19T10:00:00.000Z is older than what was made on 2026-11-20T10:00:00.000Z/;
    const date = "2026-11-19T10:00:00Z";
    expect(await error(publish(gateway.url, { "a.cvd": "0" }, { date }))).toEqual([400, expect.stringMatching(made)]);
    expect((await publish(gateway.url, { "a.cvd": "0" }, { version: "27499", force: true })).json()).toMatchObject({
      sequence: 2,
    });
    expect((await publish(gateway.url, { "a.cvd": "2" }, { version: "later" })).json()).toMatchObject({ sequence: 3 });
  });

  it("for a file that another set of the engine has", async () => {
    await publish(gateway.url, { "Daily.cvd": "1" });
    const sentence =
      /^files: Daily.cvd is in the set main of Av, too, and an engine has all its sets in one folder: name it otherwise$/;
    expect(await error(publish(gateway.url, { "daily.cvd": "2" }, { set: "urlhaus" }))).toEqual([
      400,
      expect.stringMatching(sentence),
    ]);
    expect((await publish(gateway.url, { "daily.cvd": "2" }, { engine: "Other", set: "urlhaus" })).status).toBe(200);
  });

  it("for an engine or a set that cannot be, and for a URL that is unknown, has expired or was used", async () => {
    await expect(openBundle(gateway.url, "Aw")).rejects.toThrow("engine: no engine is called Aw; did you mean Av?");
    await expect(openBundle(gateway.url, "Av", "Main!")).rejects.toThrow("set: needs 1 to 32 lower-case letters, digits or '-'");
    expect(await error(ask(`${gateway.url}/bundles/${"x".repeat(32)}`))).toEqual([404, "there is no such upload of a bundle"]);
    const to = await openBundle(gateway.url, "Av");
    await putFile(to, "1");
    const first = await post(to, { files: listing({ a: "1" }) });
    // An answer that was lost is asked for again.
    expect((await post(to, { files: listing({ a: "1" }) })).json()).toEqual({ ...first.json(), known: true });
    await putFile(to, "2");
    expect(await error(post(to, { files: listing({ a: "2" }) }))).toEqual([
      400,
      expect.stringMatching(/^something else was published/),
    ]);
    await stage.db
      .updateTable("bundle_uploads")
      .set({ expires_at: new Date(0) })
      .execute();
    expect((await putFile(to, "3")).status).toBe(410);
  });

  it("before it is sent, where there is no room for a file", async () => {
    const to = await openBundle(gateway.url, "Av");
    await putFile(to, randomBytes(5 * MIB));
    const sentence =
      /^this file has 4 MiB, and there is room for (2|3)(\.\d)? MiB: remove bundles, or raise SCANMESH_BUNDLES_MAX$/;
    expect(await error(putFile(to, randomBytes(4 * MIB)))).toEqual([507, expect.stringMatching(sentence)]);
    expect(await stored()).toHaveLength(1);
  });
});

it("what was lost with the stream is there again once the same is published", async () => {
  const published = (await publish(gateway.url, { a: "1" })).json<{ digest: string }>();
  await gateway.context.bundles.remove("isolated", await stored());
  expect((await publish(gateway.url, { a: "1" })).json()).toMatchObject({ digest: published.digest, sequence: 1, known: true });
  expect(new Set(await stored())).toEqual(new Set([sha256("1"), published.digest]));
});
