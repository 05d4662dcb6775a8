import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failed, TimedOut } from "../../../../scanner-agent/contract.js";
import { takeLease } from "../../../../scanner-agent/runners/container/lease.js";
import { baseImage, docker, hasDocker } from "../../../docker/base-image.js";
import { hasPodman, startPodman, type Podman } from "../../../docker/podman.js";
import { until } from "../../stage/bus-stage.js";
import { containerCase, type ContainerCase } from "./case.js";

let podman: Podman;
let image: string;
let here: ContainerCase;

describe.skipIf(!hasDocker || !hasPodman)("Podman's API", () => {
  beforeAll(async () => {
    [podman, image] = await Promise.all([startPodman(), baseImage()]);
    await podman.load(image);
    here = await containerCase({ docker: { host: podman.host } });
  });
  afterAll(async () => {
    await here?.stop();
    await podman?.stop();
  });

  test("proves the profile as Docker's does", async () => {
    await here.host.prepare();
    expect(here.host.proofs()).toEqual([
      "an isolated container has no interface but lo, and no route",
      "a container has no capability, cannot gain one, and runs under seccomp as nobody",
      "a container reads the spool",
    ]);
  });

  test("runs an engine in warm containers", async () => {
    const runner = here.runner({ image, mode: "exec", command: ["sh", "{file}"], spares: 0 });
    await runner.start();
    const scan = (script: string, timeoutMs = 20_000) => here.scan(runner, Buffer.from(script), { timeoutMs });
    expect(await scan("echo out; echo err >&2; exit 3")).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
    await expect(scan("trap '' TERM; while :; do sleep 1; done", 1_000)).rejects.toThrow(TimedOut);
    await expect(scan("kill -9 -1; sleep 5")).rejects.toThrow(Failed);
    expect(await scan("echo next")).toMatchObject({ exitCode: 0, stdout: "next\n" });
  });

  test("ends a lease with the connection that holds it", async () => {
    const { program, processors } = await here.host.prepare();
    const lease = await takeLease(here.host.daemon, { mesh: "test", agent: "podman-lease" }, program, processors);
    const running = () => docker("-H", podman.host, "ps", "--quiet", "--filter", "label=scanmesh.agent=podman-lease");
    expect(await running()).not.toBe("");
    lease.release();
    await until("it has ended", async () => (await running()) === "");
  });

  test("has nothing of an agent that has ended", async () => {
    const other = await containerCase({ docker: { host: podman.host } });
    await other.host.prepare();
    const left = () => docker("-H", podman.host, "ps", "--all", "--quiet", "--filter", `label=scanmesh.agent=${other.agent}`);
    expect(await left()).not.toBe("");
    await other.stop();
    await until("nothing is left", async () => (await left()) === "");
  });
});
