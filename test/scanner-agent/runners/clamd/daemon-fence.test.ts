import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createClamdRunner } from "../../../../scanner-agent/runners/clamd/clamd.js";
import { runCommand } from "../../../../scanner-agent/runners/process/command.js";
import { noFence } from "../../../../scanner-agent/runners/process/fence.js";
import { findDaemonFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { minimalEnvironment } from "../../../../scanner-agent/runners/process/guard.js";
import { hasClamd, makeDatabase } from "./clamav-database.js";

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-daemon-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a daemon that a sample has taken over has no network, and leaves what it writes nowhere but in its own folder", async () => {
  const folder = await makeFolder();
  const server = createServer((socket) => socket.end()).listen(0, "0.0.0.0");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const own = join(folder, "own");
  await mkdir(own);
  await writeFile(join(folder, "signatures"), "signatures");
  const script = `cd ${own}; cat ../signatures 2> /dev/null; cat ${folder}/shown/* 2> /dev/null
for f in /tmp /var/tmp /dev/shm; do echo x > $f/left-by-a-daemon; done
echo x > socket; (exec 3<> /dev/tcp/127.0.0.1/${port}) 2> /dev/null && echo open || echo closed
grep -E "NoNewPrivs|^Seccomp:" /proc/self/status
setpriv --reuid=65530 --regid=65530 --clear-groups id -u; unshare --mount true 2> /dev/null || echo "no namespaces"`;
  const fence = await findDaemonFence({ folder, programPath: "" });
  const argv = fence.wrap(["bash", "-c", script], null, { mounts: [{ path: own, isWritable: true }] });
  const env = minimalEnvironment("", own);
  const { stdout } = await runCommand(argv, { cwd: own, env, timeoutMs: 20_000, maxOutput: 10_000 });
  expect(stdout).toBe("closed\nNoNewPrivs:\t1\nSeccomp:\t2\n65530\nno namespaces\n");
  expect(await readdir(own)).toEqual(["socket"]);
  for (const place of ["/tmp", "/var/tmp", "/dev/shm"])
    expect((await readdir(place)).filter((name) => name.startsWith("left-by"))).toEqual([]);
  expect(fence.description).toBe("no network, private /tmp, system-call filter");
});

test.skipIf(!hasClamd)("a clamd without a fence is told of, in its description and in a warning", async () => {
  const signatures = await makeDatabase();
  await signatures.addEicar();
  const warned: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => warned.push((JSON.parse(line) as { msg: string }).msg) });
  const fence = () => Promise.resolve(noFence);
  const options = { database: signatures.folder, slots: 1, timeoutMs: 30_000, programPath: "", owner: await makeFolder() };
  const on = createClamdRunner({ ...options, log, fence });
  onTestFinished(async () => {
    await on.stop();
    await signatures.remove();
  });
  await on.start();
  expect(on.description).toBe("process (isolation: none)");
  expect(on.warnings?.()).toEqual([expect.stringContaining("could reach the network")]);
  expect(warned).toEqual(on.warnings?.());
});
