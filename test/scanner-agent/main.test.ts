import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../../scanner-agent/processes/process-table.js";
import type { LifecycleMessage } from "../../schema/lifecycle.js";
import { projectPath } from "../../schema/paths.js";
import { ACK_WAIT_MS, startBusStage, until, type BusStage } from "./stage/bus-stage.js";
import { clamdWith, hasClamd, makeDatabase } from "./runners/clamd/clamav-database.js";

let stage: BusStage;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  stage = await startBusStage();
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-main-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(async () => {
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the agent's process", () => {
  async function forked(
    id: string,
    env: Record<string, string> = {},
  ): Promise<{ child: ChildProcess; message: LifecycleMessage; output: () => string }> {
    const child = fork(projectPath("dist", "scanner-agent", "main.js"), {
      env: {
        PATH: process.env["PATH"],
        NATS_URL: stage.url,
        SCANMESH_AGENT_ID: id,
        SCANMESH_SPOOL: folder,
        SCANMESH_ACK_WAIT: `${ACK_WAIT_MS}ms`,
        ...env,
      },
      silent: true,
    });
    children.push(child);
    let output = "";
    child.stdout?.on("data", (part: Buffer) => (output += part.toString()));
    child.stderr?.on("data", (part: Buffer) => (output += part.toString()));
    const [message] = (await once(child, "message")) as [LifecycleMessage];
    return { child, message, output: () => output };
  }

  test("tells its parent when it is ready, and leaves cleanly on SIGTERM", async () => {
    const { child, message } = await forked("process-1", { SCANMESH_ENGINES: "FileInfo" });
    expect(message).toMatchObject({ kind: "ready", agent: "process-1", engines: [{ name: "FileInfo", healthy: true }] });
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await stage.presence("process-1")).toBeUndefined();
    expect(await readdir(folder)).not.toContain("process-1");
  });

  test("says on SIGUSR2 that it will not come back", async () => {
    const { child } = await forked("process-removed", { SCANMESH_ENGINES: "FileInfo" });
    child.kill("SIGUSR2");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await stage.presence("process-removed")).toMatchObject({ goodbye: "REMOVED" });
  });

  test("leaves when its parent is gone", async () => {
    const { child } = await forked("process-2", { SCANMESH_ENGINES: "FileInfo" });
    child.disconnect();
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await stage.presence("process-2")).toBeUndefined();
  });

  test("says all mistakes of its settings and ends", async () => {
    const { child, message } = await forked("not an id", { SCANMESH_SLOTS: "many" });
    expect(message).toMatchObject({
      kind: "failed",
      message: expect.stringMatching(/SCANMESH_AGENT_ID.*\n.*SCANMESH_SLOTS/) as string,
    });
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(2);
  });

  test("names a malformed manifest and runs the other engines", async () => {
    const engines = join(folder, "engines");
    await mkdir(engines);
    await writeFile(join(engines, "broken.yaml"), "name: Broken\ntype: AV\nspeed: SOMETIMES\n");
    const { message, output } = await forked("process-3", { SCANMESH_ENGINES_DIR: engines, SCANMESH_ENGINES: "FileInfo,Broken" });
    const mistake = expect.stringContaining(`${join(engines, "broken.yaml")}:3: speed: `) as string;
    expect(message).toMatchObject({
      kind: "ready",
      engines: [{ name: "FileInfo", healthy: true }],
      mistakes: expect.arrayContaining([mistake, "SCANMESH_ENGINES: there is no engine Broken"]) as string[],
    });
    expect(output()).toContain(`${join(engines, "broken.yaml")}:3: speed: `);
  });

  test("without any engine left says so", async () => {
    const { message } = await forked("process-4", { SCANMESH_ENGINES: "Nothing" });
    expect(message).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("there is no engine of class isolated") as string,
    });
  });

  test.skipIf(!hasClamd)("that is killed takes its clamd with it, and the next one cleans up", async () => {
    const database = await makeDatabase();
    await database.addEicar();
    const env = { SCANMESH_ENGINES: "ClamAV", SCANMESH_CLAMAV_DB: database.folder };
    const { child, message } = await forked("process-5", env);
    expect(message).toMatchObject({ engines: [{ healthy: true }] });
    const clamd = await clamdWith(database);
    child.kill("SIGKILL");
    await until("clamd is gone", async () => (await commandLine(clamd)).length === 0);
    const next = await forked("process-5", env);
    expect(next.message).toMatchObject({ engines: [{ healthy: true }] });
    next.child.kill("SIGTERM");
    await once(next.child, "exit");
    await database.remove();
  });
});
