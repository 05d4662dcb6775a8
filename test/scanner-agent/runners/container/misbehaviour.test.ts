import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Failed, TimedOut, type Runner } from "../../../../scanner-agent/contract.js";
import { containersOf } from "../../../docker/agent-containers.js";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { until } from "../../stage/bus-stage.js";
import { containerCase, type ContainerCase } from "./case.js";

let image: string;
let here: ContainerCase;
const runners: Runner[] = [];

beforeAll(async () => {
  if (!hasDocker) return;
  image = await baseImage();
  here = await containerCase();
});
// What runs belongs to the test at hand.
afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.stop())));
afterAll(() => here?.stop());

/** What a sample says is run: the engine does what the test wants. */
async function obedient(more: Record<string, unknown> = {}): Promise<Runner> {
  const runner = here.runner({ image, mode: "exec", command: ["sh", "{file}"], spares: 0, ...more });
  runners.push(runner);
  await runner.start();
  return runner;
}

const scan = (runner: Runner, script: string, timeoutMs = 20_000) => here.scan(runner, Buffer.from(script), { timeoutMs });
const running = () => containersOf(here.agent);

describe.skipIf(!hasDocker)("an engine that", () => {
  test("is a fork bomb is bounded, ended after its time, and the next sample is scanned", async () => {
    const runner = await obedient({ limits: { pids: 32 } });
    await expect(scan(runner, "bomb() { bomb & bomb & }; (bomb) & while :; do :; done", 1_500)).rejects.toThrow(TimedOut);
    expect(await scan(runner, "echo next")).toMatchObject({ stdout: "next\n" });
  });

  test.each([
    ["ends for want of memory", "exec tail /dev/zero"],
    ["goes on without a child that ended for want of memory", "sh -c 'tail /dev/zero'; echo fine; exit 0"],
    ["fills its /tmp", "head -c 60000000 /dev/zero > /tmp/a; exec tail /dev/zero"],
  ])("%s has failed, and the next sample is scanned", async (_, script) => {
    const runner = await obedient({ limits: { memory: "64MiB" } });
    await expect(scan(runner, script)).rejects.toThrow(new Failed("ran out of memory (67108864 bytes)"));
    expect(await scan(runner, "echo next")).toMatchObject({ stdout: "next\n" });
  });

  test.each([
    ["standard output", "exec head -c 1073741824 /dev/zero"],
    ["standard error", "exec head -c 1073741824 /dev/zero >&2"],
  ])("prints a gigabyte on %s has failed, and little of it is kept", async (name, script) => {
    const runner = await obedient({ limits: { output: "1MiB" } });
    const before = process.memoryUsage().rss;
    await expect(scan(runner, script)).rejects.toThrow(new Failed(`printed more than 1048576 bytes on ${name}`));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
    expect(await scan(runner, "echo next")).toMatchObject({ stdout: "next\n" });
  });

  test("prints on both streams is brought whole, each for itself", async () => {
    const runner = await obedient();
    const raw = await scan(runner, "i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; exit 7");
    const lines = (word: string) => Array.from({ length: 2_000 }, (_, i) => `${word} ${i}\n`).join("");
    expect(raw).toEqual({ exitCode: 7, stdout: lines("out"), stderr: lines("err") });
  });

  test("does not end when it is asked to is ended with its container", async () => {
    const runner = await obedient();
    const [before] = await running();
    await expect(scan(runner, "trap '' TERM INT HUP; while :; do sleep 1; done", 700)).rejects.toThrow(TimedOut);
    expect(await running()).not.toContain(before);
    expect(await scan(runner, "echo next")).toMatchObject({ stdout: "next\n" });
  });

  test("leaves a process behind is done when it ends itself, and its container is not used again", async () => {
    const runner = await obedient();
    const [before = ""] = await running();
    expect(await scan(runner, "sleep 600 > /dev/null 2>&1 & echo done")).toMatchObject({ exitCode: 0, stdout: "done\n" });
    await until("its container is gone", async () => !(await running()).includes(before));
  });

  test("leaves a process that holds its output is done all the same", async () => {
    const runner = await obedient();
    expect(await scan(runner, "sleep 600 & echo done; exit 3")).toMatchObject({ exitCode: 3, stdout: "done\n" });
  });

  test("has had its container for its time is given another, though it had no sample", async () => {
    const runner = await obedient({ recycle: { after: "1s" } });
    const [first = ""] = await running();
    await until("its first container is gone", async () => !(await running()).includes(first));
    expect(await scan(runner, "echo next")).toMatchObject({ stdout: "next\n" });
  });

  test("ends its container has failed, and the next sample is scanned", async () => {
    const runner = await obedient();
    await expect(scan(runner, "kill -9 -1; kill -TERM 1; kill -TERM 7; sleep 5")).rejects.toThrow(Failed);
    expect(await scan(runner, "echo next")).toMatchObject({ stdout: "next\n" });
  });

  test("looks for other samples sees its own only, by its hash", async () => {
    const runner = await obedient({
      command: ["sh", "-c", "sleep 0.5; find /malware -type f; cat {file}"],
      recycle: { scans: 1 },
    });
    const more = here.runner(
      {
        image,
        mode: "exec",
        command: [
          "sh",
          "-c",
          "sleep 0.5; find / -xdev -name '????????????????????????????????????????????????????????????????' 2> /dev/null; find /malware -type f",
        ],
      },
      { slots: 3 },
    );
    runners.push(more);
    await more.start();
    const seen = await Promise.all(
      ["one", "two", "three"].map(async (text) => (await scan(more, text)).stdout.trim().split("\n")),
    );
    for (const files of seen) expect(files).toEqual([expect.stringMatching(/^\/malware\/[0-9a-f]{64}$/)]);
    expect(new Set(seen.flat()).size).toBe(3);
    expect((await scan(runner, "the first")).stdout).toContain("the first");
    expect((await scan(runner, "the second")).stdout).not.toContain("first");
  });
});
