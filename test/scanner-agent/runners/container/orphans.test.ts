import { fork, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { projectPath } from "../../../../schema/paths.js";
import { belongingsOf, containersOf } from "../../../docker/agent-containers.js";
import { baseImage, docker, hasDocker } from "../../../docker/base-image.js";
import { ACK_WAIT_MS, startBusStage, until, type BusStage } from "../../stage/bus-stage.js";
import { engineManifest, scanner } from "../../stage/container-stage.js";
import { containerCase } from "./case.js";

let stage: BusStage;
let image: string;
let folder: string;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  if (hasDocker) [stage, image] = await Promise.all([startBusStage(), baseImage()]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-killed-"));
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((child) => end(child, "SIGTERM")));
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => stage?.stop());

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** An agent as a process, by default with an engine in warm containers. */
async function launch(agent: string, { internet = false, engines = "Left" } = {}): Promise<ChildProcess> {
  const manifests = join(folder, `${agent}-engines`);
  await mkdir(manifests, { recursive: true });
  const manifest = engineManifest("Left", { image, mode: "exec", command: scanner() }, { internet });
  await writeFile(join(manifests, "left.yaml"), JSON.stringify(manifest));
  const child = fork(projectPath("dist", "scanner-agent", "main.js"), {
    env: {
      PATH: process.env["PATH"],
      DOCKER_HOST: process.env["DOCKER_HOST"],
      NATS_URL: stage.url,
      SCANMESH_AGENT_ID: agent,
      SCANMESH_CLASS: internet ? "internet" : "isolated",
      SCANMESH_SPOOL: folder,
      SCANMESH_ENGINES_DIR: manifests,
      SCANMESH_ENGINES: engines,
      SCANMESH_ACK_WAIT: `${ACK_WAIT_MS}ms`,
    },
    silent: true,
  });
  processes.push(child);
  const [message] = (await once(child, "message")) as [unknown];
  expect(message).toMatchObject({ kind: "ready", engines: [{ healthy: true }] });
  return child;
}

const newId = () => `test-${randomUUID().slice(0, 8)}`;

describe.skipIf(!hasDocker)("an agent that is killed", () => {
  test("leaves no container five seconds after it is started again, even if it no longer needs Docker", async () => {
    const id = newId();
    const first = await launch(id);
    const [left = ""] = await containersOf(id);
    await end(first, "SIGKILL");
    expect(await containersOf(id)).toContain(left);
    await launch(id, { engines: "FileInfo" });
    await until("they are gone", async () => (await belongingsOf(id)).length === 0);
  });

  test("and comes back under another id leaves nothing: agents beside it remove it, and leave each other's alone", async () => {
    const [dead, living] = [newId(), newId()];
    const first = await launch(dead, { internet: true });
    await launch(living);
    const before = await belongingsOf(living);
    // Containers in use, the one that is its lease, and a network.
    expect((await belongingsOf(dead)).length).toBeGreaterThanOrEqual(4);
    const neighbour = await containerCase({ graceMs: 300 });
    await neighbour.host.prepare();
    await end(first, "SIGKILL");
    await until("it has left nothing", async () => (await belongingsOf(dead)).length === 0);
    expect(await belongingsOf(living)).toEqual(before);
    await neighbour.stop();
  });
});

describe.skipIf(!hasDocker)("an agent whose lease is ended by somebody else", () => {
  test("makes everything anew, with another lease", async () => {
    const here = await containerCase();
    const runner = here.runner({ image, mode: "exec", command: ["cat", "{file}"], spares: 0 });
    const lost: string[] = [];
    runner.onLost?.((reason) => lost.push(reason));
    await runner.start();
    const before = await belongingsOf(here.agent);
    const containers = new Set(await containersOf(here.agent));
    const lease = before.find((id) => !containers.has(id)) ?? "";
    await docker("rm", "--force", lease);
    await until("that is noticed", () => Promise.resolve(lost.length > 0));
    expect(lost).toEqual(["Docker has ended its lease"]);
    await runner.start();
    expect(await here.scan(runner, Buffer.from("again"))).toMatchObject({ exitCode: 0, stdout: "again" });
    expect((await belongingsOf(here.agent)).filter((id) => before.includes(id))).toEqual([]);
    await here.stop();
  });
});

test.skipIf(!hasDocker)("agents of two meshes that have the same id leave each other's containers alone", async () => {
  const agent = `twin-${randomUUID().slice(0, 8)}`;
  const first = await containerCase({ mesh: "first", agent });
  const lease = await first.host.prepare();
  const second = await containerCase({ mesh: "second", agent });
  await second.host.prepare();
  expect((await belongingsOf(agent)).length).toBe(2);
  await second.stop();
  expect((await belongingsOf(agent)).length).toBe(1);
  expect(lease.lease).not.toBe("");
  await first.stop();
});
