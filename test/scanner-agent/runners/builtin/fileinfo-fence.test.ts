import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { parseFileInfo } from "../../../../scanner-agent/parsers/fileinfo.js";
import { createBuiltinRunner } from "../../../../scanner-agent/runners/builtin/builtin.js";
import { findFence } from "../../../../scanner-agent/runners/process/find-fence.js";
import { hashes } from "../../hashes.js";
import { runOptions, sampleBytes, sampleFile } from "../samples.js";
import { writeExiftool } from "./open-exiftool.js";

const file = fileURLToPath(new URL("../../../../dist/scanner-agent/runners/builtin/fileinfo-worker.js", import.meta.url));

/** FileInfo in the fence of this host, with an exiftool that stays open and does with each file what the script says. */
async function fileInfo(script: string) {
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-fileinfo-"));
  const programs = await writeExiftool(folder, script);
  const programPath = `${programs}:${process.env["PATH"] ?? ""}`;
  const fence = () => findFence({ internet: false, isTool: true, folder, programPath });
  const data = { programPath, version: "1" };
  const runner = createBuiltinRunner({ file, data, folder, programPath, fence, log: pino({ level: "silent" }) });
  onTestFinished(async () => {
    await runner.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await runner.start();
  return { runner, sample: await sampleFile(folder, Buffer.from("the sample")) };
}

test.each([
  [false, "a file"],
  [true, "a file"],
  [false, "bytes"],
])("a tool that a sample has taken over is in the fence (alone: %s, given %s)", async (alone, given) => {
  const server = createServer((socket) => socket.end()).listen(0, "0.0.0.0");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { runner, sample } = await fileInfo(`
(exec 3<> /dev/tcp/127.0.0.1/${port}) 2> /dev/null && network=open || network=closed
cp "$1" /tmp/left-by-fileinfo && left=in-its-own-tmp
unshare --user true 2> /dev/null && users=open || users=closed
echo "[{\\"User\\":\\"$(id -u)\\",\\"Network\\":\\"$network\\",\\"Left\\":\\"$left\\",\\"Users\\":\\"$users\\",\\"Sample\\":\\"$(cat "$1")\\"}]"`);
  const bytes = Buffer.from("the sample");
  const outcome = parseFileInfo(await runner.run(given === "bytes" ? sampleBytes(bytes) : sample, runOptions({ alone })));
  const user = String(process.getuid?.() === 0 ? 65_532 : process.getuid?.());
  expect(outcome).toMatchObject({
    state: "DONE",
    details: {
      ...hashes(bytes),
      size: bytes.length,
      exiftool: { User: user, Network: "closed", Left: "in-its-own-tmp", Users: "closed", Sample: "the sample" },
    },
  });
  expect((await readdir("/tmp")).filter((name) => name === "left-by-fileinfo")).toEqual([]);
  expect(runner.description).toMatch(/^builtin \(.*no network, private \/tmp, limits/);
  expect(runner.warnings?.()).toEqual([]);
});
