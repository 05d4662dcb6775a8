import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { openCaller } from "../../../gateway/caller.js";
import { removeOldKeys } from "../../../gateway/db/idempotency.js";
import { submitScan } from "../../../gateway/scan/submit.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";
import { form, json } from "../rest/rest-client.js";
import { base64, countOf, sha256, submit } from "./submitting.js";

let test = 0;
let key: string;

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const other = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { speed: "SLOW" })]);

beforeEach(() => {
  test += 1;
  key = `key of test ${test}`;
});

const upload = (url: string, body: string | FormData, idempotencyKey = key) =>
  ask(`${url}/api/v1/sample`, { method: "POST", body, headers: { "idempotency-key": idempotencyKey } });

describe("the same request with the same idempotency key", () => {
  it("gives the first scan, through any gateway", async () => {
    const input = { base64: base64("twice"), idempotencyKey: key };
    const first = await submit(gateway.url, input);
    expect(first).toMatchObject({ __typename: "SubmitScanSuccess", replayed: false });
    const second = await submit(other.url, input);
    expect(second).toEqual({ ...first, replayed: true });
  });

  it("is the same however the sample is sent and the names are ordered", async () => {
    const options = {
      engines: ["Alpha", "Beta"],
      labels: [
        { key: "case", value: "7" },
        { key: "team", value: "soc" },
      ],
      idempotencyKey: key,
    };
    const first = await submit(gateway.url, { base64: base64("several ways"), ...options });
    const turned = { ...options, engines: ["beta", "ALPHA", "alpha"], labels: options.labels.toReversed() };
    const byHash = await submit(gateway.url, { sha256: sha256("several ways").toUpperCase(), ...turned });
    expect(byHash).toMatchObject({ replayed: true, scan: { scanId: first.scan.scanId } });
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      gateway.url,
      "mutation { createUpload { id url } }",
    );
    await ask(createUpload.url, { method: "PUT", body: "several ways" });
    const byUpload = await submit(other.url, { uploadId: createUpload.id, ...options });
    expect(byUpload).toMatchObject({ replayed: true, scan: { scanId: first.scan.scanId } });
  });

  it("gives the first scan when the upload has expired and the bytes are gone since", async () => {
    const { createUpload } = await data<{ createUpload: { id: string; url: string } }>(
      gateway.url,
      "mutation { createUpload { id url } }",
    );
    await ask(createUpload.url, { method: "PUT", body: "gone by then" });
    const input = { uploadId: createUpload.id, idempotencyKey: key };
    const first = await submit(gateway.url, input);
    await stage.db
      .updateTable("uploads")
      .set({ expires_at: sql<Date>`now() - interval '1 second'` })
      .execute();
    await stage.db
      .updateTable("samples")
      .set({ blob: null, isolated_chunks: null })
      .where("sha256", "=", sha256("gone by then"))
      .execute();
    expect(await submit(other.url, input)).toMatchObject({ replayed: true, scan: { scanId: first.scan.scanId } });
  });

  it("gives the first scan when no agent could scan it any more", async () => {
    const input = { base64: base64("left alone"), engines: ["Alpha"], idempotencyKey: key };
    const first = await submit(gateway.url, input);
    await stage.db.updateTable("engines").set({ unhealthy: "for a test" }).execute();
    expect(await submit(gateway.url, { ...input, idempotencyKey: "another" })).toMatchObject({ code: "UNAVAILABLE" });
    expect(await submit(other.url, input)).toMatchObject({ replayed: true, scan: { scanId: first.scan.scanId } });
    await stage.db.updateTable("engines").set({ unhealthy: null }).execute();
    expect(await submit(gateway.url, { ...input, idempotencyKey: "another" })).toMatchObject({ replayed: false });
  });

  it("makes one scan and one stored sample of 100 that come at once to two gateways", async () => {
    const [scans, samples] = [await countOf(stage, "scans"), await countOf(stage, "samples")];
    const before = await chunks();
    const text = `one of a hundred ${"x".repeat(1_000)}`;
    const body = json({ sample: base64(text) });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => upload(i % 2 === 0 ? gateway.url : other.url, body)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((answer) => answer.json<{ id: number }>().id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers["idempotency-replayed"] === "true")).toHaveLength(99);
    expect(await countOf(stage, "scans")).toBe(scans + 1);
    expect(await countOf(stage, "samples")).toBe(samples + 1);
    const { blob } = await stage.db
      .selectFrom("samples")
      .select("blob")
      .where("sha256", "=", sha256(text))
      .executeTakeFirstOrThrow();
    await until("only the chunk that the row names is left of them", async () => {
      const fresh = (await chunks()).filter((part) => !before.includes(part));
      return fresh.length === 1 && fresh[0]?.includes(String(blob));
    });
  });
});

describe("the same idempotency key", () => {
  it.each([
    ["other bytes", { base64: base64("other bytes") }],
    ["another name", { name: "other" }],
    ["another option", { speed: "FAST" }],
    ["another label", { labels: [{ key: "case", value: "8" }] }],
  ])("with %s is a conflict that keeps nothing", async (_what, change) => {
    const input = { base64: base64("conflicting"), idempotencyKey: key };
    await submit(gateway.url, input);
    const before = [await countOf(stage, "scans"), await countOf(stage, "samples")];
    expect(await submit(other.url, { ...input, ...change })).toMatchObject({
      __typename: "IdempotencyConflict",
      code: "IDEMPOTENCY_CONFLICT",
      path: ["input", "idempotencyKey"],
    });
    expect([await countOf(stage, "scans"), await countOf(stage, "samples")]).toEqual(before);
  });

  it("is another one with another API key", async () => {
    const caller = { ...openCaller("127.0.0.1", "test"), key: null };
    const named = (id: string) => ({ ...caller, key: { id, name: id, dailyScans: null } });
    for (const id of ["keyone00", "keytwo00"]) {
      await stage.db
        .insertInto("api_keys")
        .values({ id, name: id, hash: Buffer.alloc(32), scopes: ["scan:write"] })
        .execute();
    }
    const input = { name: "a", speed: "ALL", internet: false, idempotencyKey: key } as const;
    const send = (id: string, text: string) =>
      submitScan(gateway.context, named(id), { kind: "stream", bytes: bytes(text) }, input);
    const first = await send("keyone00", "mine");
    const second = await send("keytwo00", "not the same");
    expect(second).toMatchObject({ replayed: false });
    expect(await send("keyone00", "mine")).toMatchObject({ scanId: first.scanId, replayed: true });
  });

  it("is free again after 24 hours, and removed then", async () => {
    const input = { base64: base64("a day later"), idempotencyKey: key };
    const first = await submit(gateway.url, input);
    const age = () =>
      stage.db
        .updateTable("idempotency_keys")
        .set({ created_at: sql<Date>`now() - interval '25 hours'` })
        .where("key", "=", key)
        .execute();
    await age();
    const next = await submit(gateway.url, { ...input, name: "other" });
    expect(next).toMatchObject({ replayed: false });
    expect(next.scan.scanId).toBeGreaterThan(first.scan.scanId);
    await age();
    expect(await removeOldKeys(stage.db, 10)).toBe(1);
  });

  it("is free again when its scan is deleted", async () => {
    const input = { base64: base64("deleted"), idempotencyKey: key };
    const { scan } = await submit(gateway.url, input);
    await stage.db.deleteFrom("scans").where("id", "=", scan.scanId).execute();
    expect(await submit(gateway.url, input)).toMatchObject({ replayed: false });
  });

  it("is not taken by a request that is refused", async () => {
    expect(await submit(gateway.url, { sha256: sha256("not here"), idempotencyKey: key })).toMatchObject({ code: "NOT_FOUND" });
    expect(await submit(gateway.url, { base64: base64("here"), idempotencyKey: key })).toMatchObject({ replayed: false });
  });

  it.each([
    ["empty", ""],
    ["too long", "k".repeat(256)],
    ["not ASCII", "schlüssel"],
    ["with a line break", "a\nb"],
  ])("is refused when it is %s", async (_what, idempotencyKey) => {
    expect(await submit(gateway.url, { base64: "", idempotencyKey })).toMatchObject({
      code: "BAD_INPUT",
      path: ["input", "idempotencyKey"],
    });
  });
});

describe("Idempotency-Key over REST", () => {
  it.each([
    ["/api/v1/sample", () => json({ sample: base64("by json") })],
    ["/api/upload", () => form({ minspeed: "3" }, { text: "by form" })],
  ])("gives the first scan on %s, and says so", async (path, body) => {
    const send = () => ask(`${gateway.url}${path}`, { method: "POST", body: body(), headers: { "idempotency-key": key } });
    const first = await send();
    const second = await send();
    expect(first.headers).not.toHaveProperty("idempotency-replayed");
    expect(second.headers).toMatchObject({ "idempotency-replayed": "true" });
    expect(second.json()).toEqual(first.json());
  });

  it("is 422 with another upload", async () => {
    await upload(gateway.url, json({ sample: base64("first") }));
    const answer = await upload(gateway.url, json({ sample: base64("second") }));
    expect([answer.status, answer.json()]).toEqual([422, { error: "this idempotency key was used for another input" }]);
  });
});

/** Everything in the sample store: each part's blob and place. */
async function chunks(): Promise<string[]> {
  const parts: string[] = [];
  for await (const { blob, position } of gateway.context.samples.walk("isolated", undefined, new Date(Date.now() + 60_000)))
    parts.push(`${blob} ${position.seq}`);
  return parts;
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
