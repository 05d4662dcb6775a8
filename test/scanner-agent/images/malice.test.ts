import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAgentConfig } from "../../../scanner-agent/config.js";
import { createEngine, type Engine } from "../../../scanner-agent/engine/engine.js";
import { createEngineSet } from "../../../scanner-agent/engine/engine-set.js";
import { createContainerHost, type ContainerHost } from "../../../scanner-agent/runners/container/host.js";
import { createSelfTest } from "../../../scanner-agent/engine/self-test.js";
import { openSpool, type Spool } from "../../../scanner-agent/samples/spool.js";
import { projectPath } from "../../../schema/paths.js";
import { baseImage, docker, hasDocker } from "../../docker/base-image.js";
import { maliceImage } from "../../docker/images.js";
import { EICAR } from "../eicar.js";
import { runOptions, sampleFile } from "../runners/samples.js";

const MANIFEST = `name: StandIn
enabled: false
type: AV
speed: FAST
internet: false
timeout: 60s
slots: 1
output: malice
run:
  container:
    image: scanmesh-test/nothing
    mode: exec
    command: [/bin/avscan, --timeout, "15", "{file}"]
    version: [/bin/avscan, --version]
`;

describe.skipIf(!hasDocker)("an image of the malice contract", () => {
  let folder: string;
  let image: string;
  let spool: Spool;
  let containers: ContainerHost;
  let engine: Engine;

  beforeAll(async () => {
    image = await maliceImage();
    folder = await mkdtemp(join(tmpdir(), "scanmesh-test-malice-image-"));
    await chmod(folder, 0o755);
    await writeFile(join(folder, "standin.yaml"), MANIFEST);
    await writeFile(
      join(folder, "engines"),
      `engines:\n  StandIn: { image: ${image}, limits: { memory: 128MiB } }\n  ClamAV: off\n  FileInfo: off\n  Yara: off\n`,
    );
    const config = readAgentConfig({
      SCANMESH_ENGINES_DIR: folder,
      SCANMESH_ENGINES_FILE: join(folder, "engines"),
      SCANMESH_AGENT_ID: `test-${randomUUID()}`,
      SCANMESH_SPOOL: join(folder, "spool"),
      ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
    });
    const log = pino({ level: "silent" });
    spool = await openSpool(config.spool);
    containers = createContainerHost({ ...config, mesh: "test", folder: await spool.make("containers"), log });
    const {
      parts: [parts],
    } = await createEngineSet(config, { folder: await spool.make("run"), containers, version: "1", log });
    if (parts === undefined) throw new Error("the stand-in is not on");
    engine = createEngine(parts, { selfTest: await createSelfTest(spool), retestMs: 60_000, log, onChange: () => undefined });
    await engine.start();
  }, 400_000);

  afterAll(async () => {
    await engine.stop();
    await containers.stop();
    await spool.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const scan = async (content: Buffer) => engine.scan(await sampleFile(await spool.make("sample"), content), runOptions());

  test("is healthy where its host turns it on, with the image that the host names", async () => {
    expect(engine.presence()).toMatchObject({ healthy: true, reason: null });
    expect(engine.image()?.id).toBe(await docker("image", "inspect", "--format", "{{.Id}}", image));
    expect(engine.versions()).toMatchObject({ engine: "1.0", signatures: "42", signatureDate: "2019-07-08T00:00:00.000Z" });
  });

  test("finds EICAR, and fails as it fails", async () => {
    expect(await scan(EICAR)).toMatchObject({ state: "DONE", verdict: "INFECTED", signature: "EICAR-Test-File" });
    expect(await scan(Buffer.from("ordinary"))).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    expect(await scan(Buffer.from("FATAL"))).toMatchObject({ state: "FAILED", error: "exit status 2" });
    expect(await scan(Buffer.from("CUT.."))).toMatchObject({ state: "FAILED", verdict: null });
  });
});

describe.skipIf(!hasDocker || process.arch !== "x64")("the seccomp profile of WindowsDefender", () => {
  test("lets an ordinary program run and makes no new namespaces", async () => {
    const profile = projectPath("scanner-agent", "engines", "windows-defender-seccomp.json");
    const run = async (program: string) =>
      docker("run", "--rm", "--network=none", `--security-opt=seccomp=${profile}`, await baseImage(), "perl", "-e", program);
    // modify_ldt, clone with CLONE_NEWUSER, ptrace.
    expect(await run('my $b = "\\0" x 64; print syscall(154, 0, $b, 64)')).toBe("0");
    expect(await run('print syscall(56, 0x10000011, 0, 0, 0, 0), " $!"')).toBe("-1 Operation not permitted");
    expect(await run('print syscall(101, 0, 0, 0, 0), " $!"')).toBe("-1 Operation not permitted");
    expect(await run("print `echo forked`")).toBe("forked");
  }, 400_000);
});
