import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  Cancelled,
  Failed,
  TimedOut,
  Unavailable,
  type Outcome,
  type Runner,
  type RunOptions,
} from "../../../../scanner-agent/contract.js";
import { parseClamd } from "../../../../scanner-agent/parsers/clamd.js";
import { containersOf } from "../../../docker/agent-containers.js";
import { baseImage, docker, hasDocker } from "../../../docker/base-image.js";
import { NULL_CLAMD, NULL_SOCKET } from "../../../docker/null-clamd.js";
import { until } from "../../stage/bus-stage.js";
import { makeDatabase, type Database } from "../clamd/clamav-database.js";
import { CLEAN, EICAR } from "../../eicar.js";
import { runOptions, sampleFile } from "../samples.js";
import { containerCase, type ContainerCase } from "./case.js";

const SOCKET = "/run/clamd.sock";
const CONFIG = [
  "Foreground yes",
  `LocalSocket ${SOCKET}`,
  "LocalSocketMode 666",
  "DatabaseDirectory /signatures",
  "TemporaryDirectory /tmp",
];

let image: string;
let folder: string;
let database: Database;
let here: ContainerCase;
const runners: Runner[] = [];

beforeAll(async () => {
  if (!hasDocker) return;
  [image, database, folder] = await Promise.all([baseImage(), makeDatabase(), mkdtemp(join(tmpdir(), "scanmesh-test-service-"))]);
  await database.addEicar();
  await chmod(folder, 0o755);
  await writeFile(join(folder, "clamd.conf"), CONFIG.join("\n"));
  here = await containerCase();
});
afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.stop())));
afterAll(async () => {
  await here?.stop();
  await database?.remove();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

function clamd(more: Record<string, unknown> = {}, signatures = database.folder): Runner {
  const mounts = [
    { from: join(folder, "clamd.conf"), at: "/etc/clamd.conf" },
    { from: signatures, at: "/signatures" },
  ];
  const command = ["/usr/sbin/clamd", "--config-file=/etc/clamd.conf"];
  const runner = here.runner({ image, mode: "service", socket: SOCKET, command, mounts, ready: "30s", ...more }, { slots: 4 });
  runners.push(runner);
  return runner;
}

async function scan(runner: Runner, bytes: Buffer, options?: Partial<RunOptions>): Promise<Outcome> {
  return parseClamd(await here.scan(runner, bytes, options));
}

const containers = () => containersOf(here.agent);

describe.skipIf(!hasDocker)("clamd in a container", () => {
  test("has a fingerprint as long as its signatures are those that it was started with", async () => {
    const other = await makeDatabase();
    onTestFinished(() => other.remove());
    await other.addEicar();
    const on = clamd({}, other.folder);
    expect(await on.fingerprint?.()).toBeNull();
    await on.start();
    const before = await on.fingerprint?.();
    expect(before).not.toBeNull();
    expect(await on.fingerprint?.()).toBe(before);
    await other.addOther();
    expect(await on.fingerprint?.(), "it may have loaded them or not").toBeNull();
    await on.stop();
    const again = clamd({}, other.folder);
    await again.start();
    expect([null, before]).not.toContain(await again.fingerprint?.());
  });

  test("finds EICAR, and nothing in a clean file, many at once", async () => {
    const on = clamd();
    await on.start();
    expect(await on.versions()).toMatchObject({ engine: expect.stringMatching(/^\d+\.\d+/) as string });
    expect(on.image?.()).toMatchObject({ id: expect.stringMatching(/^sha256:/) as string });
    const samples = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0 ? Buffer.concat([EICAR, Buffer.from(`${n}`)]) : Buffer.concat([CLEAN, Buffer.from(`${n}`)]),
    );
    const outcomes = await Promise.all(samples.map((bytes) => scan(on, bytes)));
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(samples.map((_, n) => (n % 2 === 0 ? "INFECTED" : "CLEAN")));
    expect(await containers()).toHaveLength(1);
  });

  test("has no network, yet answers on its socket", async () => {
    const on = clamd();
    await on.start();
    const [id = ""] = await containers();
    expect(await docker("exec", id, "sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")).toBe("lo");
    expect(await scan(on, EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test("that does not answer in time is ended with its container, and works after it is started again", async () => {
    const on = clamd();
    const lost: string[] = [];
    on.onLost?.((reason) => lost.push(reason));
    await on.start();
    const [id = ""] = await containers();
    await docker("pause", id);
    await expect(scan(on, CLEAN, { timeoutMs: 500 })).rejects.toThrow(TimedOut);
    expect(await containers()).toEqual([]);
    expect(lost).toEqual(["it was ended: no answer within 0.5 s"]);
    await expect(scan(on, CLEAN)).rejects.toThrow(Unavailable);
    await on.start();
    expect(await scan(on, EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test("goes on with a cancelled sample until its time is over, and serves others meanwhile", async () => {
    const on = clamd();
    await on.start();
    const [id = ""] = await containers();
    const cancelled = async (timeoutMs: number) => {
      const ending = new AbortController();
      const sample = await sampleFile(here.folder, CLEAN);
      const running = on.run(sample, runOptions({ timeoutMs, signal: ending.signal }));
      // It is taken in at once: what is cancelled before that never reaches the container.
      ending.abort(new Cancelled());
      await expect(running).rejects.toThrow(Cancelled);
    };
    await cancelled(20_000);
    expect(await scan(on, EICAR)).toMatchObject({ verdict: "INFECTED" });
    expect(await containers()).toEqual([id]);
    await docker("pause", id);
    await cancelled(500);
    expect(await containers()).toEqual([]);
  });

  test("that is killed by the only sample it has makes that sample failed; of several, each may be innocent", async () => {
    const on = clamd();
    await on.start();
    const endDuring = async (...runs: (() => Promise<unknown>)[]) => {
      const [id = ""] = await containers();
      await docker("pause", id);
      const settled = Promise.allSettled(runs.map((run) => run()));
      await docker("kill", id);
      return (await settled).map((run) => (run.status === "rejected" ? (run.reason as Error).name : "answered"));
    };
    // Docker lets a paused container go on for a moment as it kills it: so short a time is too little for this sample.
    const large = randomBytes(5_000_000);
    expect(await endDuring(() => scan(on, large, { alone: true }))).toEqual([new Failed().name]);
    await until("it works again", async () => on.start().then(() => true));
    for (const name of await endDuring(
      () => scan(on, large),
      () => scan(on, large),
    ))
      expect(name).not.toBe("answered");
  });

  test("that ends for want of memory makes its only sample failed, says so, and is started again", async () => {
    const limits = { memory: "64MiB" };
    const on = here.runner({ image, mode: "service", socket: NULL_SOCKET, command: NULL_CLAMD, ready: "30s", limits });
    runners.push(on);
    const lost: string[] = [];
    on.onLost?.((reason) => lost.push(reason));
    await on.start();
    await expect(scan(on, Buffer.from("#eat"), { alone: true })).rejects.toThrow(
      new Failed("its container ended while it scanned the sample"),
    );
    expect(await until("that is told", () => Promise.resolve(lost[0]))).toMatch(/\(out of memory, 67108864 bytes\)$/);
    await on.start();
    expect(await scan(on, CLEAN)).toMatchObject({ verdict: "CLEAN" });
  });

  test("follows its signatures to another folder in a new container", async () => {
    const [one, two] = [await makeDatabase(), await makeDatabase()];
    await one.addOther();
    await two.addEicar();
    await two.addOther();
    const current = join(folder, "current");
    await symlink(one.folder, current);
    const on = clamd({}, current);
    await on.start();
    const before = await containers();
    expect(await scan(on, EICAR)).toMatchObject({ verdict: "CLEAN" });
    await unlink(current);
    await symlink(two.folder, current);
    await on.versions();
    expect(await scan(on, EICAR)).toMatchObject({ verdict: "INFECTED" });
    await until("the old one is gone", async () => !(await containers()).some((id) => before.includes(id)));
    await Promise.all([one.remove(), two.remove()]);
  });
});

describe.skipIf(!hasDocker)("a service that cannot start says why:", () => {
  test("it ends at once", async () => {
    const on = clamd({ command: ["sh", "-c", "echo no licence is here >&2; exit 3"] });
    await expect(on.start()).rejects.toThrow("its container does not start: no licence is here (exit status 3)");
  });

  test("it never listens", async () => {
    const on = clamd({ command: ["sh", "-c", "echo still thinking; sleep 600"], ready: "1s" });
    await expect(on.start()).rejects.toThrow("its container does not answer 1 s after its start; it said last: still thinking");
    expect(await containers()).toEqual([]);
  });

  test("what it mounts is not there", async () => {
    await expect(clamd({}, join(folder, "nowhere")).start()).rejects.toThrow(/nowhere/);
  });

  test("a secret is missing", async () => {
    const on = clamd({ secrets: { "avast-license": { file: "/etc/license" } } });
    await expect(on.start()).rejects.toThrow(
      `the secret avast-license is missing: put it into ${join(here.folder, "secrets", "avast-license")}`,
    );
  });
});

describe.skipIf(!hasDocker)("a secret", () => {
  test("is a file or a variable of the container, and a word of its command", async () => {
    await mkdir(join(here.folder, "secrets"), { recursive: true });
    await writeFile(join(here.folder, "secrets", "key"), "sesame\n", { mode: 0o400 });
    for (const [secrets, script] of [
      [{ key: { file: "/etc/key" } }, "cat /etc/key"],
      [{ key: { env: "KEY" } }, "echo $KEY"],
      [{ key: null }, "echo {secret:key}"],
    ] as const) {
      expect((await here.script(image, script, { secrets })).stdout.trim()).toBe("sesame");
    }
    await rm(join(here.folder, "secrets"), { recursive: true });
  });
});
