import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProgram } from "../../../../scanner-agent/processes/programs.js";
import { startClamd } from "../../../../scanner-agent/runners/clamd/daemon.js";
import { LIMITS, noFence, type Fence } from "../../../../scanner-agent/runners/process/fence.js";
import { startFencedNode } from "../../../../scanner-agent/runners/process/fenced-node.js";
import { findFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { createProcessRunner } from "../../../../scanner-agent/runners/process/process.js";
import { testLog } from "../../../stage/log.js";
import { pathOnly, runOptions } from "../samples.js";

const LOST =
  'bwrap: Can\'t bind mount /oldroot/ on /newroot/: Unable to apply mount flags: remount "/newroot/var/lib/docker/overlay2/1/merged": Invalid argument';
const ENDLESS = join("test", "scanner-agent", "runners", "process", "endless-process.mjs");
/** Answers as clamd does. */
const CLAMD = `#!/usr/bin/perl
use Socket;
use File::Basename;
$ARGV[0] =~ s/--config-file=//;
socket($server, AF_UNIX, SOCK_STREAM, 0) && bind($server, sockaddr_un(dirname($ARGV[0])."/clamd.sock")) && listen($server, 8) or die $!;
while (accept($client, $server)) { local $/ = "\\0"; <$client>; print $client "PONG\\0"; close $client }
`;

const real = await findProgram("bwrap", "");
let folder: string;
let programPath: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scanmesh-test-mount-"));
  programPath = `${folder}:/usr/local/bin:/usr/bin:/bin`;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const starts = async () => (await readFile(join(folder, "starts"), "utf8")).length;

/** A Bubblewrap whose next starts end with these words; later ones are as always. */
async function failNext(failures: number, words: string): Promise<void> {
  await writeFile(join(folder, "words"), words);
  await writeFile(join(folder, "starts"), "");
  const script = `#!/bin/sh
cd ${folder}
printf x >> starts
if [ "$(wc -c < starts)" -le ${failures} ]; then cat words >&2; exit 1; fi
cd "$OLDPWD"
exec ${real} "$@"
`;
  await writeFile(join(folder, "bwrap"), script, { mode: 0o755 });
}

async function run(fence: Fence, script: string) {
  const command = ["sh", "-c", script];
  const options = { command, detect: "sh", version: undefined, folder, programPath, fence: () => Promise.resolve(fence) };
  return await createProcessRunner(options).run(pathOnly(null), runOptions());
}

describe.skipIf(real === undefined)("a fence whose mounts are removed while it starts", () => {
  test("is no weaker for it", async () => {
    await failNext(4, `${LOST}\n`);
    expect((await findFence({ internet: false, folder, programPath })).description).not.toContain("missing");
  });

  test("is started again, for a program, a process of ours and a daemon", async () => {
    await failNext(0, "");
    const fence = await findFence({ internet: false, folder, programPath });

    await failNext(4, `${LOST}\n`);
    expect(await run(fence, "echo done")).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "" });
    expect(await starts()).toBe(5);

    await failNext(4, `${LOST}\n`);
    const program = { name: "endless", folder, programPath, flags: [], program: ENDLESS, reads: [ENDLESS], limits: LIMITS };
    const node = await startFencedNode(fence, { ...program, maxMessage: 1_000 }, testLog("endless"));
    expect(node.greeting).toBe("ready");
    await node.stop();

    await failNext(4, `${LOST}\n`);
    await writeFile(join(folder, "clamd"), CLAMD, { mode: 0o755 });
    const signatures = { folder, files: [], newest: new Date(0), warnings: [], state: "" };
    const wrap: Fence["wrap"] = (argv) => [join(folder, "bwrap"), "--dev-bind", "/", "/", "--", ...argv];
    const config = { owner: folder, signatures, slots: 1, timeoutMs: 1_000, limits: {}, fence: { ...noFence, wrap } };
    const clamd = await startClamd({ ...config, program: join(folder, "clamd") });
    await clamd.stop();
    expect(await starts()).toBe(5);
  });

  test("is not started for ever, and for no other reason", async () => {
    await failNext(0, "");
    const fence = await findFence({ internet: false, folder, programPath });
    await failNext(100, `${LOST}\n`);
    expect(await run(fence, "echo done")).toMatchObject({ exitCode: 1, stdout: "", stderr: `${LOST}\n` });
    expect(await starts()).toBe(5);
    for (const words of [
      "bwrap: No permissions to create a new namespace\n",
      `it says:\n${LOST}\n`,
      LOST.replace(" argument", ""),
    ]) {
      await failNext(100, words);
      expect(await run(fence, "echo done")).toMatchObject({ exitCode: 1, stderr: words });
      expect(await starts()).toBe(1);
    }
    await failNext(0, "");
    expect(await run(fence, `echo begun; echo '${LOST.replace("'", "")}' >&2; exit 1`)).toMatchObject({ stdout: "begun\n" });
    expect(await starts()).toBe(1);
  });
});
