import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { baseImage, hasDocker } from "../../../docker/base-image.js";
import { privateDaemon, type PrivateDaemon } from "../../../docker/private-daemon.js";
import { requestOf } from "../../stage/agent-stage.js";
import { startBusStage, until, type BusStage } from "../../stage/bus-stage.js";
import { containerAgent, engineManifest, healthy, scanner, type ContainerAgent } from "../../stage/container-stage.js";
import { CLEAN, EICAR } from "../../eicar.js";
import { containerCase } from "./case.js";

/** Only root can start a daemon of its own. */
const possible = hasDocker && process.getuid?.() === 0;
let stage: BusStage;
let daemon: PrivateDaemon;
let image: string;
let hidden: string;
const agents: ContainerAgent[] = [];

beforeAll(async () => {
  if (!possible) return;
  hidden = await mkdtemp(join(tmpdir(), "scanmesh-test-hidden-"));
  [stage, daemon, image] = await Promise.all([startBusStage(), privateDaemon({ hidden }), baseImage()]);
  await promisify(execFile)("sh", ["-c", `docker save ${image} | docker -H ${daemon.host} load`]);
});
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.stop())));
afterAll(async () => {
  await daemon?.remove();
  await stage?.stop();
  if (hidden !== undefined) await rm(hidden, { recursive: true, force: true });
});

async function agentWith(
  name: string,
  container: Record<string, unknown> = {},
  env: Record<string, string> = {},
): Promise<ContainerAgent> {
  const run = { image, mode: "exec", command: scanner('grep -q slow "$1" && sleep 2'), ...container };
  const agent = await containerAgent(stage, [engineManifest(name, run)], {
    DOCKER_HOST: daemon.host,
    SCANMESH_RETEST: "500ms",
    ...env,
  });
  agents.push(agent);
  return agent;
}

const reasonOf = (agent: ContainerAgent, name: string) =>
  until(`${name} is unhealthy`, async () => {
    const engine = await agent.engine(name);
    return engine?.healthy === false ? (engine.reason ?? undefined) : undefined;
  });

describe.skipIf(!possible)("a Docker daemon that", () => {
  test("stops makes its engines unhealthy; what they had is handed back, and answered when it is there again", async () => {
    const agent = await agentWith("Stopped");
    await healthy(agent, "Stopped");
    const request = requestOf(await stage.store(Buffer.from("slow and clean")), ["Stopped"]);
    await stage.request({ speed: "FAST", internet: false }, request);
    await until("it is taken", async () => (await agent.engine("Stopped"))?.busy === 1);
    await daemon.stop();
    // The end of its containers may be heard of first.
    await until("the daemon is named", async () =>
      /^(Docker (has gone|has ended its lease|does not answer)|cannot reach Docker)/.test(await reasonOf(agent, "Stopped")),
    );
    await daemon.start();
    await healthy(agent, "Stopped");
    expect(await stage.answer("Stopped", request.scan)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    expect(await agent.scan("Stopped", EICAR)).toMatchObject({ verdict: "INFECTED" });
  });

  test("hangs does so too, and leaves nothing behind", async () => {
    const agent = await agentWith("Hung");
    await healthy(agent, "Hung");
    const request = requestOf(await stage.store(Buffer.from("slow and clean")), ["Hung"]);
    await stage.request({ speed: "FAST", internet: false }, request);
    await until("it is taken", async () => (await agent.engine("Hung"))?.busy === 1);
    daemon.signal("SIGSTOP");
    expect(await reasonOf(agent, "Hung")).toMatch(/^Docker does not answer within/);
    daemon.signal("SIGCONT");
    await healthy(agent, "Hung");
    expect(await stage.answer("Hung", request.scan)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
    await agent.stop();
    expect(await daemon.docker("ps", "--all", "--quiet", "--filter", `label=scanmesh.agent=${agent.config.agent}`)).toBe("");
  });

  test("has a full disk makes them unhealthy with that reason until there is room", async () => {
    const agent = await agentWith("Full", { recycle: { scans: 1 }, spares: 0 });
    await healthy(agent, "Full");
    const ballast = join(daemon.data, "ballast");
    await promisify(execFile)("sh", ["-c", `head -c 4G /dev/zero > ${ballast} 2> /dev/null; true`]);
    const sample = await stage.store(CLEAN);
    const requests = [requestOf(sample, ["Full"]), requestOf(sample, ["Full"])];
    for (const request of requests) await stage.request({ speed: "FAST", internet: false }, request);
    expect(await reasonOf(agent, "Full")).toContain("no space left on device");
    await rm(ballast);
    await healthy(agent, "Full");
    for (const { scan } of requests) expect(await stage.answer("Full", scan)).toMatchObject({ state: "DONE", verdict: "CLEAN" });
  });

  test("does not see the spool gives samples by standard input, or says that it cannot", async () => {
    const spool = join(hidden, "spool");
    await mkdir(spool);
    const stdin = ["sh", "-c", "if grep -q EICAR-; then printf 'stream: Eicar FOUND\\0'; else printf 'stream: OK\\0'; fi"];
    const agent = await agentWith("Piped", { stdin }, { SCANMESH_SPOOL: spool });
    await healthy(agent, "Piped");
    expect((await stage.presence(agent.config.agent))?.proofs).toContainEqual(
      expect.stringMatching(/^no container reads the spool: /),
    );
    const large = Buffer.concat([Buffer.alloc(3_000_000, "x"), EICAR]);
    expect(await agent.scan("Piped", large)).toMatchObject({ verdict: "INFECTED" });
    expect(await agent.scan("Piped", CLEAN)).toMatchObject({ verdict: "CLEAN" });
    const other = await agentWith("Blind", {}, { SCANMESH_SPOOL: spool });
    expect(await reasonOf(other, "Blind")).toMatch(/^samples cannot be shown to its containers: .*(does not exist|no such file)/);
  });
});

test.skipIf(!possible)("a daemon that is not there is said in one line", async () => {
  const nowhere = await containerCase({ docker: { host: `unix://${join(tmpdir(), "no-such-docker.sock")}` } });
  const runner = nowhere.runner({ image: "any", mode: "exec", command: ["true"] });
  await expect(runner.start()).rejects.toThrow(/^cannot reach Docker \(.*ENOENT.*no-such-docker\.sock\)$/);
  await nowhere.stop();
});
