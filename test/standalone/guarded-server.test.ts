import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { startGuarded } from "../../standalone/guarded-server.js";
import { openLog } from "../../standalone/log.js";
import { alive, processTree } from "./process-tree.js";
import { temporaryFolder } from "./temporary-folder.js";

const STOP = [
  { signal: "SIGINT", afterMs: 0 },
  { signal: "SIGKILL", afterMs: 500 },
] as const;

test.skipIf(process.platform !== "linux")("Postgres and nats-server end when whoever started them is killed", async () => {
  const dir = await temporaryFolder();
  const owner = fork(projectPath("test", "standalone", "servers.mjs"), [projectPath("dist", "development", "standalone"), dir]);
  onTestFinished(() => void owner.kill("SIGKILL"));
  await once(owner, "message");
  const tree = await processTree(owner.pid ?? 0);
  // The owner, two guards, nats-server, Postgres and its own processes.
  expect(tree.length).toBeGreaterThan(5);
  owner.kill("SIGKILL");
  await expect.poll(() => alive(tree)).toEqual([]);
  expect(await readdir(join(dir, "postgres", "data"))).not.toContain("postmaster.pid");
});

test("a server that ignores the wish to end is killed", async () => {
  const log = openLog(join(await temporaryFolder(), "log"));
  const server = await startGuarded(
    { command: "sh", args: ["-c", "trap '' INT; while :; do sleep 1; done"], stopSignals: STOP },
    log,
  );
  await server.stop();
  expect(await server.exited).toMatchObject({ code: null, signal: "SIGKILL" });
});

test("a server that ends by itself is told with its status", async () => {
  const log = openLog(join(await temporaryFolder(), "log"));
  const server = await startGuarded({ command: "sh", args: ["-c", "echo 'ERROR: no room' >&2; exit 3"], stopSignals: STOP }, log);
  expect(await server.exited).toMatchObject({ code: 3, signal: null });
  expect(log.lastError()).toBe("no room");
});

test("a program that is not there is one sentence", async () => {
  const log = openLog(join(await temporaryFolder(), "log"));
  const starting = startGuarded({ command: "/nowhere/postgres", args: [], stopSignals: STOP }, log);
  await expect(starting).rejects.toThrow(/^\/nowhere\/postgres cannot be run: .*ENOENT/);
});
