import { once } from "node:events";
import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noFence, type Fence } from "../../../../scanner-agent/runners/process/fence.js";
import { explainBubblewrap, findFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { createProcessRunner } from "../../../../scanner-agent/runners/process/process.js";
import { runOptions, sampleFile } from "../samples.js";

const asRoot = process.getuid?.() === 0;
let folder: string;
let internet = false;
beforeEach(async () => {
  internet = false;
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-fence-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const here = (): Promise<Fence> => findFence({ internet, folder, programPath: "" });
const trial = await mkdtemp(join(tmpdir(), "scanmesh-test-fence-"));
const fenced = (await findFence({ internet: false, folder: trial, programPath: "" })) !== noFence;
await rm(trial, { recursive: true });

/** Runs a script in the fence, with a sample. */
async function inside(script: string, fence = here): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const command = ["sh", "-c", script, "sh", "{file}"];
  const runner = createProcessRunner({ command, detect: "sh", version: undefined, folder, programPath: "", fence });
  await runner.start();
  return await runner.run(await sampleFile(folder, Buffer.from("the sample")), runOptions());
}

describe.skipIf(!fenced)("a fenced program", () => {
  test("reads its sample, and its end is told as it was", async () => {
    expect(await inside('cat "$1"; exit 3')).toMatchObject({ exitCode: 3, stdout: "the sample" });
  });

  test("has no network but its own loopback", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "0.0.0.0");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const knock = `exec 3<>/dev/tcp/127.0.0.1/${port}`;
    const script = `awk -F: 'NR > 2 { print $1 }' /proc/net/dev | grep -cv '^ *lo$'; bash -c '${knock}' 2> /dev/null || echo refused`;
    expect((await inside(script)).stdout).toMatch(/^0\nrefused\n$/);
    expect((await inside(`bash -c '${knock}' && echo reached`, () => Promise.resolve(noFence))).stdout).toBe("reached\n");
    server.close();
  });

  test("cannot gain privileges, and is limited", async () => {
    const { stdout } = await inside("grep NoNewPrivs /proc/self/status; ulimit -n; ulimit -c");
    expect(stdout).toBe("NoNewPrivs:\t1\n1024\n0\n");
  });

  test.skipIf(!asRoot)(
    "is a user of its class without capabilities, sees no other process, and no folder of the agent's",
    async () => {
      const { stdout } = await inside(
        `id -u; grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status; ls ${folder} 2> /dev/null || echo hidden; ls /proc | grep -c '^[0-9]'`,
      );
      const [uid, prm, eff, bnd, hidden, processes] = stdout.split("\n");
      expect([uid, hidden]).toEqual(["65530", "hidden"]);
      for (const line of [prm, eff, bnd]) expect(line).toMatch(/:\t0+$/);
      expect(Number(processes)).toBeLessThan(8);
    },
  );

  test.skipIf(!asRoot)("cannot change its sample, and what it writes is gone with it", async () => {
    const { stdout } = await inside('(echo x > "$1") 2> /dev/null || echo kept; echo y > left && pwd');
    expect(stdout).toBe("kept\n/mnt\n");
    await expect(stat("/mnt/left")).rejects.toThrow("ENOENT");
  });
});

test("an engine that may use the internet keeps the network", async () => {
  internet = true;
  const fence = await here();
  if (fence !== noFence) expect(fence.description).toContain(", network,");
  expect(fence.wrap(["true"], null)).not.toContain("--net");
});

test("the command lines of fenced programs are short enough to be read in a list of processes", async () => {
  const words = (await here()).wrap(["true"], null);
  expect(words.join(" ").length).toBeLessThan(2_500);
});

test("where only / is read-only in the fence, that is said", async () => {
  const without = await mkdtemp(join(tmpdir(), "scanmesh-test-path-"));
  for (const program of ["sh", "unshare", "setpriv", "prlimit", "cat"])
    await symlink(`/usr/bin/${program}`, join(without, program));
  const fence = await findFence({ internet, folder, programPath: without });
  await rm(without, { recursive: true, force: true });
  expect(fence.description).toContain(fence === noFence ? "none" : "read-only file systems beside /");
});

test("what keeps Bubblewrap from working is told, with what to do", async () => {
  const programPath = await mkdtemp(join(tmpdir(), "scanmesh-test-path-"));
  const bwrap = "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n";
  await writeFile(join(programPath, "bwrap"), bwrap, { mode: 0o755 });
  expect(await explainBubblewrap({ internet, folder, programPath: `${programPath}:/usr/bin` })).toMatch(
    /user namespaces .*It said: bwrap: setting up uid map: Permission denied$/,
  );
  await rm(programPath, { recursive: true, force: true });
});

test("a host that has no fence says so", () => {
  const runner = createProcessRunner({ command: ["true"], detect: "true", version: undefined, folder, programPath: "" });
  expect(runner.description).toBe("process (isolation: none)");
});

test("an isolated engine that no fence keeps from the network is told of", async () => {
  const command = ["sh", "-c", "true"];
  const options = { command, detect: "sh", version: undefined, folder, programPath: "", fence: () => Promise.resolve(noFence) };
  for (const [isIsolated, count] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const runner = createProcessRunner({ ...options, isIsolated });
    await runner.start();
    expect(runner.warnings?.()).toHaveLength(count);
  }
});
