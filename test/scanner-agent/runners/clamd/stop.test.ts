import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { folderPrefix, removeStaleDaemons, startClamd } from "../../../../scanner-agent/runners/clamd/daemon.js";

afterEach(() => void vi.useRealTimers());

/** Answers as clamd does; what it leaves behind in a session of its own holds its output open, so that it never ends. */
const LINGERING = (pidFile: string) => `#!/bin/sh
setsid sleep 60 &
echo $! > ${pidFile}
exec perl -MSocket -e '
  socket($server, AF_UNIX, SOCK_STREAM, 0) && bind($server, sockaddr_un($ARGV[0])) && listen($server, 8) or die $!;
  while (accept($client, $server)) { local $/ = "\\0"; <$client>; print $client "PONG\\0"; close $client }
' "$(dirname "\${1#--config-file=}")/clamd.sock"
`;

test("an agent waits ten seconds for a clamd that does not end, and goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-stop-"));
  const [program, pidFile] = [join(folder, "clamd"), join(folder, "pid")];
  await writeFile(program, LINGERING(pidFile), { mode: 0o755 });
  onTestFinished(async () => {
    process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
    await rm(folder, { recursive: true });
  });
  const signatures = { folder, files: [], newest: new Date(0), warnings: [], state: "" };
  const clamd = await startClamd({ program, owner: folder, signatures, slots: 1, timeoutMs: 1_000, limits: {} });

  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let isStopped = false;
  const stopping = clamd.stop().then(() => (isStopped = true));
  await vi.advanceTimersByTimeAsync(9_000);
  expect(isStopped).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  await stopping;
});

test("what earlier daemons left is removed, also while another removes it", async () => {
  const owner = await mkdtemp(join(tmpdir(), "scanmesh-test-stop-"));
  onTestFinished(() => rm(owner, { recursive: true }));
  const left = await Promise.all(Array.from({ length: 50 }, () => mkdtemp(join(tmpdir(), folderPrefix(owner)))));
  await Promise.all(Array.from({ length: 4 }, () => removeStaleDaemons(owner)));
  expect(left.filter((folder) => existsSync(folder))).toEqual([]);
});
