import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failed, TimedOut, Unavailable } from "../../../scanner-agent/contract.js";
import { NOTHING } from "../../../scanner-agent/inspect/formats/inspection.js";
import { searchAll } from "../../../scanner-agent/inspect/formats/search.js";
import { createInspector, type InspectorOptions } from "../../../scanner-agent/inspect/inspector.js";
import { createStartOpener, type Opener } from "../../../scanner-agent/inspect/opener-host.js";
import { noFence, type Fence } from "../../../scanner-agent/runners/process/fence.js";
import { testLog } from "../../stage/log.js";
import { hashes } from "../hashes.js";
import { packed } from "./seven-zip-made.js";

let folder: string;
const inspectors: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-inspector-"));
});
afterEach(async () => {
  await Promise.all(inspectors.splice(0).map((one) => one.stop()));
  await rm(folder, { recursive: true, force: true });
});

function inspectorWith(more: Partial<InspectorOptions> = {}) {
  const inspector = createInspector({
    folder,
    programPath: process.env["PATH"] ?? "",
    opens: [],
    log: testLog("inspector"),
    ...more,
  });
  inspectors.push(inspector);
  return inspector;
}

let samples = 0;

async function sampleOf(bytes: Buffer) {
  const path = join(folder, `sample-${++samples}`);
  await writeFile(path, bytes, { mode: 0o444 });
  return { path, sha256: hashes(bytes).sha256, signatures: searchAll([bytes]) };
}

const GZIP = gzipSync("harmless");

describe("a process", () => {
  test("is not started for samples without a signature", async () => {
    const inspector = inspectorWith();
    for (let i = 0; i < 20; i++) expect(await inspector.inspect(await sampleOf(Buffer.from(`text ${i}`)))).toEqual(NOTHING);
    expect(inspector.started()).toBe(0);
  });

  test("looks into one sample after the other", async () => {
    const inspector = inspectorWith();
    for (let i = 0; i < 5; i++) await inspector.inspect(await sampleOf(gzipSync(`text ${i}`)));
    expect(inspector.started()).toBe(1);
  });

  test("finds the same in memory as in a file, and in nothing at all", async () => {
    const inspector = inspectorWith();
    const encrypted = await packed({ a: Buffer.from("secret") }, "zip", "-psecret");
    for (const bytes of [encrypted, gzipSync(encrypted)]) {
      const { path, sha256, signatures } = await sampleOf(bytes);
      const inMemory = await inspector.inspect({ path: null, bytes, sha256: `${sha256} in memory`, signatures });
      expect(inMemory).toEqual(await inspector.inspect({ path, sha256, signatures }));
      expect(inMemory.closed).toMatchObject([{ state: "ENCRYPTED" }]);
    }
    const [signature] = searchAll([GZIP]);
    const empty = { path: null, bytes: Buffer.alloc(0), sha256: "empty", signatures: signature === undefined ? [] : [signature] };
    expect(await inspector.inspect(empty)).toMatchObject({ closed: [] });
  });

  test("reads the file though it was removed meanwhile", async () => {
    const inspector = inspectorWith();
    const sample = await sampleOf(GZIP);
    const found = inspector.inspect(sample);
    await rm(sample.path);
    expect(await found).toMatchObject({ closed: [], depth: 1 });
    expect((await readdir(folder)).filter((name) => name.startsWith("waiting"))).toEqual([]);
  });

  test("that is killed is followed by another, and its sample is not inspected", async () => {
    const inspector = inspectorWith({ timeoutMs: 1 });
    const bomb = await packed({ "a.bin": Buffer.alloc(20_000_000) }, "7z");
    await expect(inspector.inspect(await sampleOf(bomb))).rejects.toThrow(TimedOut);
    await expect(inspector.inspect(await sampleOf(GZIP))).rejects.toThrow(TimedOut);
    expect(inspector.started()).toBe(2);
  });

  test("that cannot be started is told, and not tried again at once", async () => {
    const inspector = inspectorWith({ start: () => Promise.reject(new Unavailable("no memory")) });
    for (let i = 0; i < 3; i++)
      await expect(inspector.inspect(await sampleOf(GZIP))).rejects.toThrow(new Unavailable("no memory"));
    expect(inspector.started()).toBe(1);
  });

  test("that still starts when the inspector is stopped leaves nothing behind", async () => {
    const inspector = inspectorWith();
    const found = inspector.inspect(await sampleOf(GZIP)).catch((error: unknown) => error);
    await inspector.stop();
    // The filter of system calls is the agent's own file, for all processes that it fences there.
    expect((await readdir(folder)).filter((name) => !/^sample|\.seccomp$/.test(name))).toEqual([]);
    expect(await found).toMatchObject({ message: expect.stringContaining("the agent is stopping") });
  });

  test("is not started without a fence once one has held, and is again as soon as it holds", async () => {
    let [isFound, holds] = [true, false];
    const fence: Fence = { ...noFence, description: "a fence", wrap: (argv) => (holds ? argv : ["false"]) };
    const start = createStartOpener({
      folder,
      programPath: process.env["PATH"] ?? "",
      findFence: () => Promise.resolve(isFound ? fence : noFence),
      log: testLog("inspector"),
    });
    const isolation = async () => {
      const opener = await start();
      await opener.stop();
      return opener.isolation;
    };
    expect(await isolation(), "it has never held").toBe("isolation: none");
    holds = true;
    expect(await isolation()).toBe("a fence");
    [isFound, holds] = [false, false];
    await expect(start()).rejects.toThrow(Unavailable);
    holds = true;
    expect(await isolation()).toBe("a fence");
  });

  test("says how it is fenced in", async () => {
    const fence = await inspectorWith().check();
    expect(fence).toMatch(process.getuid?.() === 0 ? /^user 65532, no network, private \/tmp, limits/ : /./);
  });
});

describe("an inspection", () => {
  /** Openers of the test, whose inspections it answers. */
  function counted(answer: () => Promise<typeof NOTHING>) {
    const asked: string[] = [];
    const start = (): Promise<Opener> =>
      Promise.resolve({
        isolation: "none",
        sevenZip: "0",
        inspect: ({ path }) => {
          asked.push(path ?? "");
          return answer();
        },
        ended: () => false,
        stop: () => Promise.resolve(),
      });
    return { asked, start };
  }

  test("that is asked for as another ends runs no process more than there may be", async () => {
    const most = Math.min(4, availableParallelism());
    const asked: Promise<unknown>[] = [];
    let [running, highest] = [0, 0];
    const { start } = counted(async () => {
      const isFirst = running === 0 && highest === 0;
      highest = Math.max(highest, ++running);
      await new Promise(setImmediate);
      running -= 1;
      if (isFirst) void askAtEachStep();
      return NOTHING;
    });
    const inspector = inspectorWith({ start });
    const sample = await sampleOf(GZIP);
    const ask = () => asked.push(inspector.inspect({ ...sample, sha256: String(asked.length) }));
    // One of these steps lies between the end of the first one and the begin of the one that has waited for it.
    const askAtEachStep = async () => {
      for (let step = 0; step < 20; step++) {
        ask();
        await Promise.resolve();
      }
    };
    for (let i = 0; i <= most; i++) ask();
    await expect.poll(() => asked.length).toBe(most + 1 + 20);
    await Promise.all(asked);
    expect(highest).toBe(most);
  });

  test("is shared by all who ask for it, and kept", async () => {
    const { asked, start } = counted(() => Promise.resolve(NOTHING));
    const inspector = inspectorWith({ start });
    const sample = await sampleOf(GZIP);
    await Promise.all([inspector.inspect(sample), inspector.inspect(sample), inspector.inspect(sample)]);
    await inspector.inspect(sample);
    expect(asked).toHaveLength(1);
  });

  test("is kept of the last 1,000 samples", async () => {
    const { asked, start } = counted(() => Promise.resolve(NOTHING));
    const inspector = inspectorWith({ start });
    const sample = await sampleOf(GZIP);
    for (let i = 0; i <= 1_000; i++) await inspector.inspect({ ...sample, sha256: String(i) });
    await inspector.inspect({ ...sample, sha256: "1" });
    expect(asked).toHaveLength(1_001);
    await inspector.inspect({ ...sample, sha256: "0" });
    expect(asked).toHaveLength(1_002);
  });

  test("that fails on a sample is not tried again for the next engine", async () => {
    const { asked, start } = counted(() => Promise.reject(new Failed("it crashed")));
    const inspector = inspectorWith({ start });
    const sample = await sampleOf(GZIP);
    for (let i = 0; i < 3; i++) await expect(inspector.inspect(sample)).rejects.toThrow("it crashed");
    expect(asked).toHaveLength(1);
  });

  test("that could not be done through no fault of the sample is tried again", async () => {
    const { asked, start } = counted(() => Promise.reject(new Unavailable("not now")));
    const inspector = inspectorWith({ start });
    const sample = await sampleOf(GZIP);
    for (let i = 0; i < 3; i++) await expect(inspector.inspect(sample)).rejects.toThrow("not now");
    expect(asked).toHaveLength(3);
  });
});
