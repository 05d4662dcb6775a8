/** Processes of the agent in containers of its own image: the base image with this project's programs mounted stands for that. */

import { chmod, realpath } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { Failed, Unavailable } from "../../../../scanner-agent/contract.js";
import { searchAll } from "../../../../scanner-agent/inspect/formats/search.js";
import { createInspector } from "../../../../scanner-agent/inspect/inspector.js";
import { parseFileInfo } from "../../../../scanner-agent/parsers/fileinfo.js";
import { createBuiltinRunner } from "../../../../scanner-agent/runners/builtin/builtin.js";
import { createStartContained } from "../../../../scanner-agent/runners/container/contained-node.js";
import { ownContainer, type OwnImage } from "../../../../scanner-agent/runners/container/own-image.js";
import { bind } from "../../../../scanner-agent/runners/container/profile.js";
import { LIMITS, noFence } from "../../../../scanner-agent/runners/process/fence.js";
import { projectPath } from "../../../../schema/paths.js";
import { containersOf } from "../../../docker/agent-containers.js";
import { baseImage, docker, hasDocker } from "../../../docker/base-image.js";
import { testLog } from "../../../stage/log.js";
import { hashes } from "../../hashes.js";
import { writeExiftool } from "../builtin/open-exiftool.js";
import { runOptions, sampleFile } from "../samples.js";
import { containerCase } from "./case.js";

const ISOLATION = "container: user 65534, no network, private /tmp, limits, system-call filter";
const log = testLog("contained");

/** An agent in an image that has this project, and an exiftool that does with each file what the script says. */
async function agentInContainer(script = "echo '[{}]'") {
  const at = await containerCase();
  onTestFinished(() => at.stop());
  const programs = await writeExiftool(at.folder, script);
  const paths = [process.execPath, programs, ...["dist", "node_modules", "package.json"].map((path) => projectPath(path))];
  const mounts = await Promise.all(paths.map(async (path) => bind(await realpath(path), path)));
  let image: string | undefined = await docker("image", "inspect", "--format", "{{.Id}}", await baseImage());
  const findImage = (): Promise<OwnImage> =>
    image === undefined ? Promise.reject(new Unavailable("Docker is away")) : Promise.resolve({ image, mounts });
  const startContained = createStartContained(at.host, log, findImage);
  const programPath = `${programs}:/usr/bin:/bin`;
  return { ...at, startContained, programPath, loseDocker: () => void (image = undefined) };
}

async function fileInfo({ folder, startContained, programPath }: Awaited<ReturnType<typeof agentInContainer>>) {
  const runner = createBuiltinRunner({
    file: projectPath("dist", "scanner-agent", "runners", "builtin", "fileinfo-worker.js"),
    data: { programPath, version: "1" },
    folder,
    programPath,
    fence: () => Promise.resolve(noFence),
    startContained,
    log,
  });
  onTestFinished(() => runner.stop());
  await runner.start();
  const scan = async (text: string, alone = false) =>
    parseFileInfo(await runner.run(await readable(folder, Buffer.from(text)), runOptions({ alone })));
  return { runner, scan };
}

async function readable(folder: string, bytes: Buffer) {
  const sample = await sampleFile(folder, bytes);
  await chmod(sample.path ?? "", 0o444);
  return sample;
}

describe.skipIf(!hasDocker)("where no fence works, in an agent's own container", () => {
  test.each([false, true])("a tool of FileInfo that a sample has taken over reaches nothing (alone: %s)", async (alone) => {
    const agent = await agentInContainer(`
interfaces=$(cd /sys/class/net && echo *)
touch /left "$(dirname "$1")/left" 2> /dev/null && left=somewhere || left=nowhere
unshare --user true 2> /dev/null && users=open || users=closed
[ -e /var/run/docker.sock ] && socket=there || socket=none
echo "[{\\"User\\":\\"$(id -u)\\",\\"Network\\":\\"$interfaces\\",\\"Left\\":\\"$left\\",\\"Users\\":\\"$users\\",\\"Socket\\":\\"$socket\\",\\"Sample\\":\\"$(cat "$1")\\"}]"`);
    const { runner, scan } = await fileInfo(agent);
    const seen = { User: "65534", Network: "lo", Left: "nowhere", Users: "closed", Socket: "none", Sample: "a sample" };
    expect(await scan("a sample", alone)).toMatchObject({ state: "DONE", details: { exiftool: seen } });
    expect(runner.description).toBe(`builtin (${ISOLATION})`);
    expect(runner.warnings?.()).toEqual([]);
    await runner.stop();
    expect(await containersOf(agent.agent)).toEqual([]);
  });

  test("a sample that ends its container fails, and the next one has another", async () => {
    const agent = await agentInContainer(`grep -q "end it" "$1" && kill -KILL -1; echo '[{}]'`);
    const { scan } = await fileInfo(agent);
    await expect(scan("end it")).rejects.toThrow(new Failed("its process ended while it scanned the sample"));
    expect(await scan("the next")).toMatchObject({ state: "DONE" });
    await expect.poll(async () => (await containersOf(agent.agent)).length).toBe(1);
  });

  test("no process runs without a container because Docker is away for a moment", async () => {
    const agent = await agentInContainer();
    const { runner, scan } = await fileInfo(agent);
    expect(await scan("before")).toMatchObject({ state: "DONE" });
    agent.loseDocker();
    await expect(scan("alone", true)).rejects.toThrow(new Unavailable("Docker is away"));
    expect(runner.description).toBe(`builtin (${ISOLATION})`);
  });

  test("an agent that has no container runs them without, which is told", async () => {
    const agent = await agentInContainer();
    agent.loseDocker();
    const { runner, scan } = await fileInfo(agent);
    expect(await scan("a sample")).toMatchObject({ state: "DONE" });
    expect(runner.description).toBe("builtin (isolation: none)");
    expect(runner.warnings?.()).toEqual([expect.stringContaining("could reach the network")]);
  });

  test("the inspector looks into samples in a container", async () => {
    const { folder, startContained, programPath } = await agentInContainer();
    const findFence = () => Promise.resolve(noFence);
    const inspector = createInspector({ folder, programPath, startContained, findFence, opens: [], log });
    onTestFinished(() => inspector.stop());
    expect(await inspector.check()).toBe(ISOLATION);
    const bytes = gzipSync("harmless");
    const { path } = await readable(folder, bytes);
    const found = inspector.inspect({ path: path ?? "", sha256: hashes(bytes).sha256, signatures: searchAll([bytes]) });
    expect(await found).toMatchObject({ closed: [], depth: 1 });
  });

  test("a process that answers what is no message is ended", async () => {
    const { folder, startContained, programPath } = await agentInContainer();
    const program = join("node_modules", "typescript", "bin", "tsc");
    const strange = { name: "strange", folder, programPath, flags: [], program, reads: [], limits: LIMITS, maxMessage: 1_024 };
    expect(await startContained(strange)).toBeUndefined();
  });
});

describe("the container of an agent", () => {
  const id = "4f".repeat(32);
  test.each([
    ["Docker", `/var/lib/docker/containers/${id}/hostname`],
    ["rootless Docker", `/.local/share/docker/containers/${id}/hostname`],
    ["Podman", `/containers/overlay-containers/${id}/userdata/hostname`],
  ])("of %s is known by its mounts", (_, root) => {
    const mounts = ["22 1 0:1 / / rw - overlay overlay rw", `23 22 8:1 ${root} /etc/hostname rw - ext4 /dev/sda rw`];
    expect(ownContainer(mounts.join("\n"))).toBe(id);
  });

  test("is none on a host, whatever it has mounted elsewhere", () => {
    const mounts = [
      "22 1 8:1 / / rw - ext4 /dev/sda rw",
      `23 22 0:9 / /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw`,
    ];
    expect(ownContainer(mounts.join("\n"))).toBeUndefined();
  });
});
