import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Runner } from "../../../../scanner-agent/contract.js";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { containerCase, type ContainerCase } from "./case.js";

let image: string;
let here: ContainerCase;
let folder: string;
let rules: string;
const runners: Runner[] = [];

beforeAll(async () => {
  if (!hasDocker) return;
  image = await baseImage();
  here = await containerCase();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-mounts-"));
  rules = join(folder, "rules");
  await mkdir(rules);
  await writeFile(join(rules, "a.txt"), "one");
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => here?.stop());

async function started(mounts: object[], more: Record<string, unknown> = {}): Promise<Runner> {
  const command = ["cat", "{file}"];
  const runner = here.runner({ image, mode: "exec", command, spares: 0, mounts, ...more });
  runners.push(runner);
  await runner.start();
  return runner;
}

const print = (runner: Runner) => runner.fingerprint?.();
const unlike = (...not: unknown[]) => expect.toSatisfy((value: unknown) => typeof value === "string" && !not.includes(value));

describe.skipIf(!hasDocker)("the fingerprint of containers", () => {
  test("is the same for the same image, in every container, and there as long as they are", async () => {
    const [one, two] = [await started([]), await started([], { recycle: { scans: 1 } })];
    const before = await print(one);
    expect(before).toEqual(unlike());
    await here.scan(two, Buffer.from("a sample"));
    expect(await print(two)).toBe(before);
    await one.stop();
    expect(await print(one)).toBeNull();
  });

  test("is another when what a mounted folder holds is another, which a command reads at each scan", async () => {
    const on = await started([{ from: rules, at: "/rules" }]);
    const before = await print(on);
    expect(await print(on)).toBe(before);
    await writeFile(join(rules, "a.txt"), "two");
    const after = await print(on);
    expect(after).toEqual(unlike(before));
    await writeFile(join(rules, "b.txt"), "three");
    expect(await print(on)).toEqual(unlike(before, after));
  });

  test.each([
    ["a daemon that stays may have read its files before", () => rules, { relax: [{ keepProcesses: true, why: "a test" }] }],
    ["a container keeps a file of its own when another takes its place", () => join(rules, "a.txt"), {}],
  ])("is unknown after a change: %s", async (_, from, more) => {
    const on = await started([{ from: from(), at: "/rules" }], more);
    expect(await print(on)).toEqual(unlike());
    await writeFile(join(rules, "new"), "two");
    await rename(join(rules, "new"), join(rules, "a.txt"));
    expect(await print(on)).toBeNull();
  });

  test("is unknown from when a folder was replaced until the containers are", async () => {
    const current = join(folder, "current");
    await symlink(rules, current);
    const on = await started([{ from: current, at: "/rules" }]);
    const before = await print(on);
    expect(before).toEqual(unlike());
    await mkdir(join(folder, "next"));
    await unlink(current);
    await symlink(join(folder, "next"), current);
    expect(await print(on)).toBeNull();
    await on.versions();
    expect(await print(on)).toEqual(unlike(before));
  });

  test("is unknown where the agent does not see into a mount", async () => {
    const volume = `scanmesh-test-mounts-${process.pid}`;
    const on = await started([{ from: volume, at: "/rules" }]);
    expect(await print(on)).toBeNull();
    await on.stop();
    await here.host.daemon.ask("remove a volume", (docker) => docker.getVolume(volume).remove());
  });
});
