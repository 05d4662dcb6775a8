import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { createSampleCache } from "../../../scanner-agent/samples/sample-cache.js";
import { createSampleMemory } from "../../../scanner-agent/samples/sample-memory.js";
import type { SampleReader } from "../../../scanner-agent/samples/sample-reader.js";
import { createSpoolFiles } from "../../../scanner-agent/samples/spool-files.js";
import { openSpool } from "../../../scanner-agent/samples/spool.js";
import { watchSpoolOrphans, type SpoolOrphans } from "../../../scanner-agent/samples/spool-orphans.js";
import { createSampleKey } from "../../../schema/sealed-chunks.js";
import { SAMPLES } from "../../../schema/subjects.js";
import { CHUNK_BYTES, OLD_CHUNK_BYTES } from "../../../schema/streams.js";
import { agentsOnBus, requestOf, startAgent } from "../stage/agent-stage.js";
import { hashes } from "../hashes.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

/** An engine that says what bytes it was given. */
function reader(name: string): EngineParts {
  return puppet(name, async ({ path }) => {
    const { mode } = await stat(path ?? "");
    return done("CLEAN", null, { ...hashes(await readFile(path ?? "")), mode: (mode & 0o777).toString(8) });
  });
}

describe("a sample", () => {
  const sizes = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 7 * CHUNK_BYTES + 5];
  const keys = { plain: undefined, sealed: createSampleKey() };

  test.each([
    ...sizes.map((size) => [size, "plain"] as const),
    ...[0, CHUNK_BYTES, 7 * CHUNK_BYTES + 5].map((size) => [size, "sealed"] as const),
  ])("of %i bytes (%s) reaches the engine whole, and is gone afterwards", async (size, how) => {
    const engine = reader(`Reader-${how}-${size}`);
    const { config } = await agentWith(engine);
    const bytes = randomBytes(size);
    const request = requestOf(await stage.store(bytes, undefined, { key: keys[how] }), [engine.manifest.name]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer(engine.manifest.name, request.scan)).toMatchObject({
      state: "DONE",
      details: { ...hashes(bytes), mode: "444" },
    });
    await until("its file is gone", async () => (await readdir(join(config.spool, "samples"))).length === 0);
  });

  const oldSizes = [OLD_CHUNK_BYTES, OLD_CHUNK_BYTES + 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * OLD_CHUNK_BYTES + 3];
  test.each([...oldSizes.map((size) => [size, "plain"] as const), [5 * OLD_CHUNK_BYTES + 3, "sealed"] as const])(
    "of %i bytes (%s) in smaller chunks reaches the engine whole",
    async (size, how) => {
      const engine = reader(`Old-${how}-${size}`);
      await agentWith(engine);
      const bytes = randomBytes(size);
      const stored = await stage.store(bytes, undefined, { chunkBytes: OLD_CHUNK_BYTES, key: keys[how] });
      const request = requestOf(stored, [engine.manifest.name]);
      await stage.request(engine.manifest, request);
      expect(await stage.answer(engine.manifest.name, request.scan)).toMatchObject({ state: "DONE", details: hashes(bytes) });
    },
  );

  test("is fetched once while several engines hold it", async () => {
    const names = ["First", "Second", "Third"];
    let holders = 0;
    const engines = names.map((name) =>
      puppet(name, async () => {
        holders += 1;
        await until("all hold it", async () => holders === names.length);
        return done("CLEAN", null, null);
      }),
    );
    const agent = await agentWith(engines);
    let reads = 0;
    const watch = stage.nc.subscribe(`$JS.API.DIRECT.GET.${SAMPLES}.>`, { callback: () => void (reads += 1) });
    const request = requestOf(await stage.store(randomBytes(3 * CHUNK_BYTES)), names);
    for (const { manifest } of engines.slice(0, 1)) await stage.request(manifest, request);
    for (const name of names) expect(await stage.answer(name, request.scan)).toMatchObject({ state: "DONE" });
    expect(reads).toBe(3);
    expect(await readdir(join(agent.config.spool, "samples"))).toEqual([]);
    watch.unsubscribe();
  });

  let first: Buffer;
  test.each<[string, (chunk: Buffer, n: number) => Buffer | null, RegExp, string?]>([
    [
      "with an altered chunk",
      (chunk, n) => (n === 1 ? Buffer.concat([chunk.subarray(1), Buffer.from("!")]) : chunk),
      /bytes are not its own/,
    ],
    ["with a chunk that is too short", (chunk, n) => (n === 1 ? chunk.subarray(1) : chunk), /chunk 1 of the sample has/],
    ["with a chunk that is missing", (chunk, n) => (n === 1 ? null : chunk), /chunk 1 of the sample is missing/],
    [
      "with a sealed chunk that is altered",
      (chunk, n) => (n === 1 ? Buffer.concat([Buffer.from([~chunk.readUInt8(0) & 0xff]), chunk.subarray(1)]) : chunk),
      /chunk 1 of the sample was altered, .* its seal does not fit/,
      keys.sealed,
    ],
    [
      "with a sealed chunk that is cut",
      (chunk, n) => (n === 1 ? chunk.subarray(1) : chunk),
      /chunk 1 .* has 983039/,
      keys.sealed,
    ],
    [
      "with a sealed chunk in another one's place",
      (chunk, n) => (n === 0 ? (first = chunk) : first),
      /chunk 1 .* seal/,
      keys.sealed,
    ],
  ])("%s is fetched once more, then failed with the reason, never clean", async (how, corrupt, reason, key) => {
    const engine = reader(`Reader-${key === undefined ? "" : "sealed-"}${how.split(" ").at(-1)}`);
    const { config } = await agentWith(engine);
    let reads = 0;
    const sample = await stage.store(randomBytes(3 * CHUNK_BYTES), corrupt, { key });
    const watch = stage.nc.subscribe(`$JS.API.DIRECT.GET.${SAMPLES}.sample.${sample.blob}.0`, {
      callback: () => void (reads += 1),
    });
    const request = requestOf(sample, [engine.manifest.name]);
    await stage.request(engine.manifest, request);
    const result = await stage.answer(engine.manifest.name, request.scan);
    expect(result).toMatchObject({ state: "FAILED", verdict: null });
    expect(result.error).toMatch(reason);
    expect(reads).toBe(2);
    expect(await readdir(join(config.spool, "samples"))).toEqual([]);
    watch.unsubscribe();
  });

  test.each<[how: string, sealedWith: string | undefined, askedWith: string | undefined, reason: RegExp]>([
    ["of another sample", keys.sealed, createSampleKey(), /^chunk 0 .* its seal does not fit$/],
    ["left out", keys.sealed, undefined, /^chunk 0 .* has 983056 bytes instead of 983040$/],
    ["for what is not sealed", undefined, keys.sealed, /^chunk 0 .* has 983024 bytes instead of 983040$/],
  ])("that is asked for with a key %s is failed with the reason, never clean; the log has no key", async (how, ...rest) => {
    const [sealedWith, askedWith, reason] = rest;
    const engine = reader(`Key-${how.replaceAll(" ", "-")}`);
    let logged = "";
    await agentWith(engine, {}, { log: pino({ level: "trace" }, { write: (line) => void (logged += line) }) });
    const stored = await stage.store(randomBytes(CHUNK_BYTES + 1), undefined, { key: sealedWith });
    const request = requestOf({ ...stored, key: askedWith }, [engine.manifest.name]);
    await stage.request(engine.manifest, request);
    const result = await stage.answer(engine.manifest.name, request.scan);
    expect(result).toMatchObject({ state: "FAILED", verdict: null, cause: "SAMPLE_UNAVAILABLE" });
    expect(result.error).toMatch(reason);
    await stage.request(engine.manifest, requestOf({ ...stored, key: `${keys.sealed}=` }, [engine.manifest.name]));
    await until("the request that cannot be read is logged", async () => logged.includes("Ignored a malformed request"));
    for (const key of [keys.sealed, askedWith ?? keys.sealed]) expect(logged).not.toContain(key);
  });

  test("whose bytes the mesh no longer has is failed", async () => {
    const engine = reader("Bereft");
    await agentWith(engine);
    const request = requestOf({ ...(await stage.store(Buffer.from("x"))), blob: null }, ["Bereft"]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer("Bereft", request.scan)).toMatchObject({
      state: "FAILED",
      error: "the mesh does not have the sample's bytes",
    });
  });

  test("that cannot be written here is handed back; the engine says so, takes no work and recovers by itself", async () => {
    const engine = reader("Roomless");
    const { config } = await agentWith(engine);
    const samples = join(config.spool, "samples");
    await rm(samples, { recursive: true });
    await writeFile(samples, "a file where the folder was");
    const request = requestOf(await stage.store(Buffer.from("x")), ["Roomless"]);
    await stage.request(engine.manifest, request);
    const presence = await until("it is announced as unhealthy", async () => {
      const found = await stage.presence(config.agent);
      return found?.engines[0]?.healthy === false && found;
    });
    expect(presence.engines[0]?.reason).toMatch(/^cannot fetch samples: /);
    expect(stage.results.some(({ result }) => result.scan === request.scan)).toBe(false);
    await rm(samples);
    await mkdir(samples);
    expect(await stage.answer("Roomless", request.scan)).toMatchObject({ state: "DONE" });
    await until("it is healthy again", async () => (await stage.presence(config.agent))?.engines[0]?.healthy);
  });
});

describe("a sample that is larger than the disk has room for", () => {
  const RESERVE = 16 * 1024 * 1024;

  test("is handed back alone, and taken once there is room; the engine goes on, and the agent says what it can take", async () => {
    const engine = reader("Cramped");
    let free = RESERVE + 2_000;
    const { config } = await agentWith(engine, {}, { readFree: () => free });
    const large = requestOf(await stage.store(randomBytes(2_001)), ["Cramped"]);
    await stage.request(engine.manifest, large);
    const returns = () => stage.returned.filter(({ scan }) => scan === large.scan);
    await until("it is returned", async () => returns().length > 0);
    const small = requestOf(await stage.store(randomBytes(2_000)), ["Cramped"]);
    await stage.request(engine.manifest, small);
    expect(await stage.answer("Cramped", small.scan)).toMatchObject({ state: "DONE" });
    expect(await stage.presence(config.agent)).toMatchObject({ largestSample: 2_000, engines: [{ healthy: true }] });
    expect(returns()[0]).toMatchObject({ cause: "NO_ROOM", crashes: 0 });
    free += 1;
    expect(await stage.answer("Cramped", large.scan)).toMatchObject({ state: "DONE" });
  });

  test("counts those that are on their way, but not what it has for itself", async () => {
    const { opened, open } = gate();
    const engine = puppet("Crowded", async () => opened.then(() => done("CLEAN", null, null)), { slots: 2 });
    const written = { bytes: 0 };
    const { config } = await agentWith(engine, {}, { readFree: () => RESERVE + 3_000 - written.bytes });
    const [first, second] = [
      requestOf(await stage.store(randomBytes(2_000)), ["Crowded"]),
      requestOf(await stage.store(randomBytes(2_000)), ["Crowded"]),
    ];
    await stage.request(engine.manifest, first);
    await until("the first is there", async () => (await readdir(join(config.spool, "samples"))).length === 1);
    written.bytes = 2_000;
    await stage.request(engine.manifest, second);
    await until("the second is returned", async () => stage.returned.some(({ scan }) => scan === second.scan));
    await until("it says what it could take", async () => (await stage.presence(config.agent))?.largestSample === 3_000);
    written.bytes = 0;
    open();
    expect(await stage.answer("Crowded", second.scan)).toMatchObject({ state: "DONE" });
    expect(await stage.answer("Crowded", first.scan)).toMatchObject({ state: "DONE" });
  });

  test("by the engine's own copy is handed back alone too, and what else the host lacks makes the engine unhealthy", async () => {
    const errors = ["ENOSPC", "EMFILE"];
    const engine = puppet("Copying", () => {
      const code = errors.shift();
      return code === undefined
        ? Promise.resolve(done("CLEAN", null, null))
        : Promise.reject(Object.assign(new Error(code), { code }));
    });
    await agentWith(engine);
    const request = requestOf(await stage.store(Buffer.from("x")), ["Copying"]);
    await stage.request(engine.manifest, request);
    expect(await stage.answer("Copying", request.scan)).toMatchObject({ state: "DONE" });
    const causes = stage.returned.filter(({ scan }) => scan === request.scan).map(({ cause }) => cause);
    expect(causes).toEqual(["NO_ROOM", "UNAVAILABLE"]);
  });
});

test("several engines find out at once whether samples can be written again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-probes-"));
  const cache = createSampleCache(
    { read: () => Promise.reject(new Error("nothing is read")), probe: async () => {} } as unknown as SampleReader,
    createSampleMemory({ largest: 0, total: 0 }),
    createSpoolFiles(folder, pino({ level: "silent" })),
  );
  await Promise.all(Array.from({ length: 20 }, () => cache.probe()));
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

describe("the spool", () => {
  test("of a dead agent is cleaned, and that of a living one is left alone", async () => {
    const engine = reader("Spooler");
    const first = await agentWith(engine);
    const env = { SCANMESH_SPOOL: join(first.config.spool, ".."), SCANMESH_AGENT_ID: first.config.agent };
    const owner = join(first.config.spool, "owner.json");
    const left = join(first.config.spool, "samples", "left-over");
    await writeFile(left, "");
    await chmod(owner, 0o600);
    await writeFile(owner, JSON.stringify({ pid: 1, started: null }));
    await expect(startAgent(stage, [engine], env)).rejects.toThrow("another agent (process 1) of the same id");
    await writeFile(owner, JSON.stringify({ pid: 1, started: "never" }));
    await agentWith(engine, env);
    expect(await readdir(join(first.config.spool, "samples"))).toEqual([]);
  });

  test("of a killed agent that does not come back is removed by another beside it, and that of a living one stays", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-spools-"));
    await mkdir(join(folder, "not-a-spool"));
    const log = pino({ level: "silent" });
    const watches: SpoolOrphans[] = [];
    for (const id of ["living", "looking"]) watches.push(watchSpoolOrphans((await openSpool(join(folder, id))).folder, log, 500));
    // The second one is there for looks that come after those which removed the first.
    for (const dead of ["dead", "dead-too"]) {
      const spool = await openSpool(join(folder, dead));
      await writeFile(join(await spool.make("samples"), "left-over"), "");
      await until("it is gone", async () => !(await readdir(folder)).some((name) => name.startsWith(dead)));
      expect((await readdir(folder)).toSorted()).toEqual(["living", "looking", "not-a-spool"]);
    }
    for (const watch of watches) watch.stop();
    await rm(folder, { recursive: true });
  });

  test("is readable by nobody else, and gone with its agent", async () => {
    const agent = await agentWith(reader("Private"));
    expect((await stat(agent.config.spool)).mode & 0o777).toBe(0o700);
    await agent.stop();
    await expect(stat(agent.config.spool)).rejects.toThrow("ENOENT");
  });
});
