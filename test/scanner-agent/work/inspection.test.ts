import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import officeCrypto from "officecrypto-tool";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { done, notDone, type Outcome } from "../../../scanner-agent/contract.js";
import { docx } from "../inspect/documents.js";
import { zipOf, zstdOf, arOf } from "../inspect/hand-made.js";
import { packed } from "../inspect/seven-zip-made.js";
import { EICAR } from "../eicar.js";
import { hasClamd, makeDatabase, type Database } from "../runners/clamd/clamav-database.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

const CLEAN = done("CLEAN", null, null);
const PASSWORD = { password: "secret" };
let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

/** An AV engine that says the same of every sample. */
const av = (name: string, outcome: Outcome | (() => Promise<Outcome>), manifest: Record<string, unknown> = {}) =>
  puppet(name, () => (typeof outcome === "function" ? outcome() : Promise.resolve(outcome)), {
    manifest: { type: "AV", ...manifest },
  });

async function answerOf(engine: ReturnType<typeof puppet>, bytes: Buffer) {
  const { name } = engine.manifest;
  const request = requestOf(await stage.store(bytes), [name]);
  await stage.request(engine.manifest, request);
  return await stage.answer(name, request.scan);
}

describe("an AV engine's CLEAN", () => {
  test("of a sample in which there is nothing to look into tells who has looked", async () => {
    const engine = av("Plain", CLEAN);
    await agentWith(engine);
    const result = await answerOf(engine, Buffer.from("text"));
    expect(result).toMatchObject({
      state: "DONE",
      verdict: "CLEAN",
      inspector: expect.stringMatching(/^2 \(7z-wasm 1\.2\.0\)$/),
    });
    expect(result.closed).toBeUndefined();
  });

  test("of an encrypted sample is UNSCANNED, with what is closed", async () => {
    const engine = av("Encrypted", CLEAN);
    await agentWith(engine);
    const zip = await packed({ "secret.docx": officeCrypto.encrypt(docx(), PASSWORD) }, "zip");
    expect(await answerOf(engine, zip)).toMatchObject({
      state: "UNSCANNED",
      verdict: null,
      cause: "ENCRYPTED",
      error: "encrypted: secret.docx (office, EncryptedPackage)",
      inspector: expect.any(String),
      closed: [{ path: "secret.docx", format: "office", method: "EncryptedPackage", state: "ENCRYPTED" }],
    });
  });

  test("is judged by what each engine opens", async () => {
    const opens = { formats: { zip: ["deflate"] } };
    const [some, all] = [av("OpensSome", CLEAN, { opens }), av("OpensAll", CLEAN)];
    await agentWith([some, all]);
    const zip = await packed({ "a.txt": Buffer.from("x".repeat(500)) }, "zip", "-mm=LZMA");
    expect(await answerOf(some, zip)).toMatchObject({
      state: "UNSCANNED",
      cause: "UNSUPPORTED_TYPE",
      error: "not opened by OpensSome: a.txt (zip, lzma)",
    });
    expect(await answerOf(all, zip)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  });

  test("that cannot be inspected is UNSCANNED, the engine stays healthy and nothing is handed back", async () => {
    const engine = av("Uninspected", CLEAN);
    // Where there is no program of Node's to start.
    const path = process.execPath;
    process.execPath = "/nowhere/node";
    try {
      const { config } = await agentWith(engine);
      expect(await answerOf(engine, gzipSync("x"))).toMatchObject({
        state: "UNSCANNED",
        cause: "NOT_INSPECTED",
        error: expect.stringMatching(/^not inspected: the inspector's process does not start/),
      });
      expect((await stage.presence(config.agent))?.engines[0]?.healthy).toBe(true);
      expect((await stage.pending("Uninspected")).redelivered).toBe(0);
      expect(await answerOf(engine, Buffer.from("text"))).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    } finally {
      process.execPath = path;
    }
  });
});

describe("what is no CLEAN", () => {
  test("of an AV engine does not wait for the inspection", async () => {
    const engine = av("Finder", done("INFECTED", "Bad", null));
    await agentWith(engine);
    const result = await answerOf(engine, await packed({ "a.txt": EICAR }, "zip", "-psecret"));
    expect(result).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "Bad" });
    expect(result.inspector).toBeUndefined();
  });

  test("of an engine that is no AV engine is not inspected", async () => {
    const engine = puppet("Metadata", () => Promise.resolve(CLEAN));
    await agentWith(engine);
    const result = await answerOf(engine, await packed({ "a.txt": EICAR }, "zip", "-psecret"));
    expect(result).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    expect(result.inspector).toBeUndefined();
  });

  test("of an engine that detects and opens nothing tells that it has not looked into the sample", async () => {
    const engine = puppet("Rules", () => Promise.resolve(done(null, null, null)), {
      manifest: { detects: true, opens: { formats: {} } },
    });
    await agentWith(engine);
    expect(await answerOf(engine, await packed({ "a.txt": EICAR }, "zip"))).toMatchObject({
      state: "DONE",
      verdict: null,
      error: null,
      cause: "UNSUPPORTED_TYPE",
      closed: expect.arrayContaining([expect.objectContaining({ path: "a.txt", format: "zip", state: "UNSUPPORTED" })]),
    });
    expect(await answerOf(engine, await packed({ "a.txt": EICAR }, "zip", "-psecret"))).toMatchObject({
      state: "DONE",
      cause: "ENCRYPTED",
    });
    expect(await answerOf(engine, Buffer.from("text"))).toMatchObject({ state: "DONE", cause: null });
  });

  test("keeps the engine's own reason first", async () => {
    const engine = av("Reasons", notDone("UNSCANNED", "ENCRYPTED", "encrypted (Heuristics.Encrypted.Zip)"));
    await agentWith(engine);
    expect(await answerOf(engine, await packed({ "a.txt": EICAR }, "zip", "-psecret"))).toMatchObject({
      state: "UNSCANNED",
      error: "encrypted (Heuristics.Encrypted.Zip); encrypted: a.txt (zip, zipcrypto store)",
    });
  });
});

test("an engine's slot is free while its sample is still inspected", async () => {
  let ran = 0;
  const { opened, open } = gate();
  const engine = puppet(
    "Quick",
    () => {
      ran += 1;
      return ran === 1 ? Promise.resolve(CLEAN) : opened.then(() => CLEAN);
    },
    { slots: 1, manifest: { type: "AV" } },
  );
  await agentWith(engine);
  const slow = await packed({ "a.bin": Buffer.alloc(100_000_000) }, "7z");
  const first = requestOf(await stage.store(slow), ["Quick"]);
  const second = requestOf(await stage.store(Buffer.from("x")), ["Quick"]);
  await stage.request(engine.manifest, first);
  await stage.request(engine.manifest, second);
  await until("the second sample is run", () => Promise.resolve(ran === 2));
  open();
  expect(await stage.answer("Quick", first.scan)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  expect(await stage.answer("Quick", second.scan)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
});

describe.skipIf(!hasClamd)("ClamAV in an agent", () => {
  let database: Database;
  beforeAll(async () => {
    database = await makeDatabase();
    await database.addEicar();
  });
  afterAll(() => database.remove());

  const hidden = Buffer.concat([EICAR, Buffer.from("words ".repeat(50))]);
  const file = { "eicar.com": hidden };
  const cases: readonly (readonly [string, () => Buffer | Promise<Buffer>, Record<string, unknown>])[] = [
    ["a docx with EICAR", () => docx("word/embeddings/oleObject1.bin", hidden), { verdict: "INFECTED" }],
    ["an encrypted docx, agile", () => officeCrypto.encrypt(docx("a.bin", hidden), PASSWORD), { cause: "ENCRYPTED" }],
    [
      "an encrypted docx, standard",
      () => officeCrypto.encrypt(docx("a.bin", hidden), { ...PASSWORD, type: "standard" }),
      { cause: "ENCRYPTED" },
    ],
    ["a cut gzip", () => gzipSync(Buffer.concat([randomBytes(5_000), hidden])).subarray(0, 4_000), { cause: "DAMAGED" }],
    ["a zip with LZMA", () => packed(file, "zip", "-mm=LZMA"), { cause: "UNSUPPORTED_TYPE" }],
    ["a 7z with BZip2", () => packed(file, "7z", "-m0=BZip2"), { cause: "UNSUPPORTED_TYPE" }],
    ["a zip of zip64 sizes", () => zipOf([{ name: "eicar.com", content: hidden, zip64: true }]), { cause: "UNSUPPORTED_TYPE" }],
    [
      "a zip of zip64 sizes behind other bytes",
      () => Buffer.concat([Buffer.alloc(100_002, "junk"), zipOf([{ name: "eicar.com", content: hidden, zip64: true }])]),
      { cause: "UNSUPPORTED_TYPE" },
    ],
    ["a Debian package", async () => arOf({ "data.tar.gz": gzipSync(await packed(file, "tar")) }), { cause: "UNSUPPORTED_TYPE" }],
    ["a zstd file", () => zstdOf(Buffer.from("harmless")), { cause: "UNSUPPORTED_TYPE" }],
    [
      "an encrypted zip",
      () => packed(file, "zip", "-psecret"),
      { cause: "ENCRYPTED", error: expect.stringMatching(/^encrypted \(Heuristics\.Encrypted/) },
    ],
    ["a harmless docx", () => docx(), { verdict: "CLEAN" }],
  ];

  test("says of each file what it has seen, and CLEAN of none that is closed to it", async () => {
    await agentWith(undefined, { SCANMESH_CLAMAV_DB: database.folder, SCANMESH_ENGINES: "ClamAV" });
    const manifest = { name: "ClamAV", speed: "ULTRA", internet: false } as const;
    await stage.makeDurable(manifest);
    for (const [name, make, said] of cases) {
      const request = requestOf(await stage.store(await make()), ["ClamAV"]);
      await stage.request(manifest, request);
      const result = await stage.answer("ClamAV", request.scan);
      expect({ name, ...result }).toMatchObject({ name, state: said["verdict"] === undefined ? "UNSCANNED" : "DONE", ...said });
    }
  });
});
