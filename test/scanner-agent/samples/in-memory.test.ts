import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { done } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { CHUNK_BYTES } from "../../../schema/streams.js";
import { hashes } from "../hashes.js";
import { agentsOnBus, requestOf } from "../stage/agent-stage.js";
import { until, type BusStage } from "../stage/bus-stage.js";
import { gate, puppet } from "../stage/puppet-engine.js";

let stage: BusStage;
const agentWith = agentsOnBus((made) => (stage = made));

describe("an engine that takes bytes", () => {
  const LIMIT = 1024 * 1024;

  /** Says what bytes it was given, and whether there was a file; it answers when it is let. */
  function memoryReader(name: string, opened: Promise<void> = Promise.resolve()): EngineParts {
    return puppet(
      name,
      async ({ path, bytes }) => {
        await opened;
        return done("CLEAN", null, { ...hashes(bytes === undefined ? await readFile(path ?? "") : Buffer.from(bytes)), path });
      },
      { slots: 4, runner: { takesBytes: true } },
    );
  }

  test.each([0, 1, CHUNK_BYTES, LIMIT])("is given %i bytes from memory, and no file is made", async (size) => {
    const { opened, open } = gate();
    const engine = memoryReader(`Memory-${size}`, opened);
    const { config } = await agentWith(engine);
    const bytes = randomBytes(size);
    const request = requestOf(await stage.store(bytes), [engine.manifest.name]);
    await stage.request(engine.manifest, request);
    await until("it has the sample", async () => (await stage.presence(config.agent))?.engines[0]?.busy === 1);
    expect(await readdir(join(config.spool, "samples"))).toEqual([]);
    open();
    expect(await stage.answer(engine.manifest.name, request.scan)).toMatchObject({
      state: "DONE",
      details: { ...hashes(bytes), path: null },
    });
  });

  test("shares the sample with one that needs a file, which is gone afterwards", async () => {
    const fileReader = puppet("Mixed-File", async ({ path, bytes }) =>
      done("CLEAN", null, { ...hashes(await readFile(path ?? "")), isInMemory: bytes !== undefined }),
    );
    const engines = [memoryReader("Mixed-Memory"), fileReader];
    const { config } = await agentWith(engines);
    const bytes = randomBytes(5_000);
    const request = requestOf(await stage.store(bytes), ["Mixed-Memory", "Mixed-File"]);
    await stage.request({ speed: "FAST", internet: false }, request);
    expect((await stage.answer("Mixed-Memory", request.scan)).details).toEqual({ ...hashes(bytes), path: null });
    expect((await stage.answer("Mixed-File", request.scan)).details).toEqual({ ...hashes(bytes), isInMemory: false });
    await until("its file is gone", async () => (await readdir(join(config.spool, "samples"))).length === 0);
  });

  test("is given files for what is larger than its limit or beyond the memory of all, and announces both", async () => {
    const { opened, open } = gate();
    const engine = memoryReader("Bounded", opened);
    const { config } = await agentWith(engine, { SCANMESH_SAMPLE_IN_MEMORY: "2KiB", SCANMESH_SAMPLES_MEMORY: "3KiB" });
    expect(await stage.presence(config.agent)).toMatchObject({ sampleMemory: { largest: 2_048, total: 3_072 } });
    const samples = [2_049, 2_048, 2_047].map((size) => randomBytes(size));
    const scans: number[] = [];
    for (const [i, bytes] of samples.entries()) {
      const request = requestOf(await stage.store(bytes), ["Bounded"]);
      scans.push(request.scan);
      await stage.request(engine.manifest, request);
      await until("it has the sample", async () => (await stage.presence(config.agent))?.engines[0]?.busy === i + 1);
    }
    expect(await readdir(join(config.spool, "samples"))).toHaveLength(2);
    open();
    const paths = [];
    for (const scan of scans) paths.push((await stage.answer("Bounded", scan)).details?.["path"]);
    expect(paths).toEqual([expect.any(String), null, expect.any(String)]);
    const again = requestOf(await stage.store(randomBytes(2_047)), ["Bounded"]);
    await stage.request(engine.manifest, again);
    expect((await stage.answer("Bounded", again.scan)).details).toMatchObject({ path: null });
  });

  test("is given altered bytes neither, and works on while the disk is full", async () => {
    const engine = memoryReader("Diskless");
    await agentWith(engine, {}, { readFree: () => 0 });
    const altered = requestOf(await stage.store(Buffer.from("a sample"), () => Buffer.from("A SAMPLE")), ["Diskless"]);
    await stage.request(engine.manifest, altered);
    expect(await stage.answer("Diskless", altered.scan)).toMatchObject({ state: "FAILED", cause: "SAMPLE_UNAVAILABLE" });
    const whole = requestOf(await stage.store(Buffer.from("a sample")), ["Diskless"]);
    await stage.request(engine.manifest, whole);
    expect(await stage.answer("Diskless", whole.scan)).toMatchObject({ state: "DONE" });
    expect(stage.returned.filter(({ scan }) => [altered.scan, whole.scan].includes(scan))).toEqual([]);
  });
});
