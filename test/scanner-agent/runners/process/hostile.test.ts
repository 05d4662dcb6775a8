import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bubblewrapFence } from "../../../../scanner-agent/runners/process/bubblewrap.js";
import type { Fence, FenceOptions } from "../../../../scanner-agent/runners/process/fence.js";
import { findFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { namespaceFences } from "../../../../scanner-agent/runners/process/namespaces.js";
import { createFilterTool } from "../../../../scanner-agent/runners/process/syscall-filter-file.js";
import { createProcessRunner } from "../../../../scanner-agent/runners/process/process.js";
import { runOptions, sampleFile } from "../samples.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-hostile-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Kind = (options: FenceOptions) => Promise<Omit<Fence, "description"> | undefined>;
const KINDS: readonly (readonly [string, Kind])[] = [
  [
    "bubblewrap",
    async (options) => {
      const filter = await createFilterTool(options);
      return filter && bubblewrapFence(filter, options);
    },
  ],
  ["namespaces", (options) => Promise.resolve(namespaceFences(options)[0])],
  [
    "namespaces of the agent's user",
    (options) => Promise.resolve(namespaceFences(options).find(({ user }) => user.includes("agent"))),
  ],
];

/** Runs a script in a fence, as an engine would run. */
async function run(kind: Kind, script: string, options: Partial<FenceOptions> = {}) {
  const fence = async () => {
    const found = await kind({ internet: false, folder, programPath: "", ...options });
    if (found === undefined) throw new Error("this fence is not installed");
    return { ...found, description: "the test's" };
  };
  const command = ["bash", "-c", script, "bash", "{file}"];
  const runner = createProcessRunner({ command, detect: "bash", version: undefined, folder, programPath: "", fence });
  await runner.start();
  return await runner.run(await sampleFile(folder, Buffer.from("the sample")), runOptions());
}

describe.each(KINDS)("an engine in the fence made by %s", (name, kind) => {
  test("works as it should: it reads its sample, runs programs and writes to its folders", async () => {
    const script =
      'cat "$1"; for f in . /tmp /var/tmp /dev/shm; do echo x > $f/x && cat $f/x; done; ls /usr/bin | wc -l > /dev/null; (sleep 0.01 & wait); exit 3';
    expect(await run(kind, script)).toMatchObject({ exitCode: 3, stdout: "the samplex\nx\nx\nx\n", stderr: "" });
  });

  test("leaves nothing for engines of other classes", async () => {
    const leave =
      'for f in . /tmp /var/tmp /dev/shm /dev/mqueue /run/lock /mnt; do cp "$1" $f/left-by-a-sample 2> /dev/null; done; echo done';
    expect((await run(kind, leave)).stdout).toBe("done\n");
    const look =
      "ls -d /tmp/left-* /var/tmp/left-* /dev/shm/left-* /dev/mqueue/left-* /run/lock/left-* /mnt/left-* 2> /dev/null; echo looked";
    expect((await run(kind, look, { internet: true })).stdout).toBe("looked\n");
    for (const place of ["/tmp", "/var/tmp", "/dev/shm", "/mnt"])
      expect((await readdir(place)).filter((file) => file.startsWith("left-"))).toEqual([]);
  });

  test("cannot change its sample, nor files of the host", async () => {
    const { stdout } = await run(
      kind,
      '(echo x >> "$1") 2> /dev/null || echo kept; (echo x >> /etc/hostname) 2> /dev/null || echo kept',
    );
    expect(stdout).toBe("kept\nkept\n");
  });

  test("makes no namespaces, and mounts nothing", async () => {
    const attempts = [
      "unshare --user true",
      "unshare --user --net --map-root-user true",
      "unshare --net true",
      "mount -t tmpfs x /tmp",
    ];
    const script = attempts.map((attempt) => `${attempt} 2> /dev/null && echo '${attempt} works'`).join("\n");
    expect((await run(kind, `${script}\necho tried`)).stdout).toBe("tried\n");
  });

  test("sees no other process, and no other program's environment", async () => {
    const user = process.getuid?.() === 0 ? ["--reuid=65530", "--regid=65530", "--clear-groups"] : [];
    const other = spawn("setpriv", [...user, "sleep", "60"], {
      env: { PATH: process.env["PATH"] ?? "", SECRET_OF_ANOTHER: "x" },
    });
    onTestFinished(() => void other.kill("SIGKILL"));
    const { stdout } = await run(
      kind,
      "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c SECRET_OF; kill -0 " +
        String(other.pid) +
        " 2> /dev/null || echo none",
    );
    expect(stdout).toBe("0\nnone\n");
  });

  test.runIf(process.getuid?.() === 0)("gains nothing by programs that run as another user", async () => {
    // Not below /tmp, which the fence hides.
    const programs = await mkdtemp("/var/lib/scanmesh-test-setuid-");
    onTestFinished(() => rm(programs, { recursive: true, force: true }));
    await chmod(programs, 0o755);
    await copyFile("/usr/bin/id", join(programs, "id"));
    await chmod(join(programs, "id"), 0o4755);
    const { stdout } = await run(
      kind,
      `${programs}/id -u; grep -E 'Cap(Prm|Eff)' /proc/self/status | grep -v ':.0*$' || echo none`,
    );
    expect(stdout).toBe(`${name.includes("agent") ? 0 : 65_530}\nnone\n`);
  });

  test("is found in a folder that the fence hides, with what lies beside it", async () => {
    const home = join(folder, "my engine");
    await mkdir(home);
    await writeFile(join(home, "signatures"), "one signature\n");
    await writeFile(
      join(home, "scan.sh"),
      '#!/bin/sh\ncat "$(dirname "$0")/signatures"; echo x 2> /dev/null > "$(dirname "$0")/x" || echo kept\n',
    );
    await chmod(join(home, "scan.sh"), 0o755);
    const fence = async () => ({ ...((await kind({ internet: false, folder, programPath: "" })) as Fence), description: "" });
    const program = join(home, "scan.sh");
    const runner = createProcessRunner({
      command: [program],
      detect: program,
      version: [program],
      folder,
      programPath: "",
      fence,
    });
    await runner.start();
    expect(await runner.versions()).toMatchObject({ engine: "one signature" });
    expect((await runner.run(await sampleFile(folder, Buffer.from("x")), runOptions())).stdout).toBe("one signature\nkept\n");
  });
});

describe("the fence of this host", () => {
  test("lets an engine map 8 GiB of signatures", async () => {
    const signatures = join(folder, "engine", "signatures");
    await mkdir(join(folder, "engine"));
    await writeFile(signatures, "first");
    await truncate(signatures, 8 * 1024 ** 3);
    const read = `import mmap; f = open("${signatures}", "rb"); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); print(len(m), m[:5])`;
    const command = ["python3", "-c", read, signatures];
    const fence = () => findFence({ internet: false, folder, programPath: "" });
    const runner = createProcessRunner({ command, detect: "python3", version: undefined, folder, programPath: "", fence });
    const output = await runner.run(await sampleFile(folder, Buffer.from("x")), runOptions());
    expect(output).toEqual({ exitCode: 0, stdout: `${8 * 1024 ** 3} b'first'\n`, stderr: "" });
  });

  test("has a system-call filter where bubblewrap is installed", async () => {
    const { description } = await findFence({ internet: false, folder, programPath: "" });
    expect(description).toMatch(/, no network, private \/tmp, limits, system-call filter$/);
    const trace =
      'python3 -c "import socket; socket.socket(socket.AF_VSOCK)" 2>&1 | tail -1; python3 -c "import socket; socket.socket(); socket.socket(socket.AF_UNIX)" && echo others';
    const { stdout } = await run((options) => findFence(options), trace);
    expect(stdout).toMatch(/Address family not supported by protocol\nothers\n$/);
  });

  test.runIf(process.getuid?.() === 0)("has a user for each class", async () => {
    const users = [{}, { internet: true }, { isTool: true }].map(
      async (more) => (await run((options) => findFence(options), "id -u", more)).stdout,
    );
    expect(await Promise.all(users)).toEqual(["65530\n", "65531\n", "65532\n"]);
  });
});
