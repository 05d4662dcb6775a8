import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ContainerRun } from "../../../../schema/container-run.js";
import { hardenedProfile } from "../../../../scanner-agent/runners/container/profile.js";
import { belongingsOf, containersOf } from "../../../docker/agent-containers.js";
import { baseImage, bridgeAddress, docker, hasDocker } from "../../../docker/base-image.js";
import { containerCase, type ContainerCase } from "./case.js";

let image: string;
let isolated: ContainerCase;

beforeAll(async () => {
  if (!hasDocker) return;
  image = await baseImage();
  isolated = await containerCase();
});
afterAll(() => isolated?.stop());

const script = async (text: string, more?: Record<string, unknown>) => (await isolated.script(image, text, more)).stdout.trim();

test.each([
  [2, 1, 1e9],
  [2, 8, 2e9],
  [0.5, 1, 5e8],
])("a limit of %d processors on a host with %d is one that its daemon takes", (cpus, processors, expected) => {
  const run = ContainerRun.parse({ image: "any", mode: "exec", command: ["any"], limits: { cpus } });
  const housing = { image: "any", labels: {}, network: "none", mounts: [], env: {}, seccomp: undefined, processors };
  expect(hardenedProfile(run, housing).HostConfig?.NanoCpus).toBe(expected);
});

describe.skipIf(!hasDocker)("the profile of every container", () => {
  test("proves itself before anything is scanned", async () => {
    await isolated.host.prepare();
    expect(isolated.host.proofs()).toEqual([
      "an isolated container has no interface but lo, and no route",
      "a container has no capability, cannot gain one, and runs under seccomp as nobody",
      "a container reads the spool",
    ]);
  });

  test("leaves no capability and no way to gain one, and another user", async () => {
    const status = await script("grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid)' /proc/self/status");
    const value = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) expect(value(set)).toBe("0".repeat(16));
    expect([value("NoNewPrivs"), value("Seccomp"), value("Uid")]).toEqual(["1", "2", "65534"]);
  });

  test("has no interface but lo, and reaches nothing of its host", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "0.0.0.0");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const bridge = await bridgeAddress();
    const knocks = [bridge, "127.0.0.1", "1.1.1.1"].map((to) => `(exec 3<>/dev/tcp/${to}/${port}) 2> /dev/null && echo ${to}`);
    const seen = await script(
      `tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; timeout 5 bash -c '${knocks.join("; ")}'; echo end`,
    );
    server.close();
    expect(seen.split("\n")).toEqual(["lo", "end"]);
  });

  test("has a root that cannot be written, and a /tmp in which nothing can be run", async () => {
    const attempts = [
      "touch /new",
      "touch /usr/new",
      "touch /malware/new",
      "touch /scanmesh/new",
      "cp /bin/true /tmp/true && chmod +x /tmp/true && /tmp/true",
    ];
    expect(
      await script(
        attempts.map((attempt) => `(${attempt}) 2> /dev/null && echo '${attempt}'`).join("; ") + "; touch /tmp/new && echo end",
      ),
    ).toBe("end");
  });

  test("bounds open files and core dumps, and shares no memory", async () => {
    expect(await script("ulimit -Hn; ulimit -Hc; ls /dev/shm 2> /dev/null || echo none")).toBe("1024\n0\nnone");
  });

  test("bounds memory, swap, processes and processors, and keeps no log", async () => {
    const runner = isolated.runner({
      image,
      mode: "exec",
      command: ["true"],
      spares: 0,
      limits: { memory: "128MiB", cpus: 0.5, pids: 64 },
    });
    await runner.start();
    const [id = ""] = await containersOf(isolated.agent);
    const [{ HostConfig, Config }] = JSON.parse(await docker("inspect", id)) as [
      { HostConfig: Record<string, unknown>; Config: { Labels: Record<string, string> } },
    ];
    expect(HostConfig).toMatchObject({
      Memory: 128 * 1024 ** 2,
      MemorySwap: 128 * 1024 ** 2,
      NanoCpus: 5e8,
      PidsLimit: 64,
      IpcMode: "none",
      NetworkMode: "none",
      Init: true,
      LogConfig: { Type: "none" },
    });
    expect(Config.Labels).toMatchObject({
      "scanmesh.agent": isolated.agent,
      "scanmesh.engine": expect.stringMatching(/^Engine/) as string,
      "scanmesh.slot": expect.stringMatching(/^[1-9]\d*$/) as string,
    });
    await runner.stop();
  });

  test("is loosened by name, and only there", async () => {
    const why = "the test wants it";
    const relaxed = {
      relax: [
        { user: "root", why },
        { capabilities: ["CHOWN"], why },
        { writableRoot: true, why },
        { tmpExec: true, why },
        { shm: "16MiB", why },
      ],
    };
    const seen = await script(
      "id -u; touch /new && echo written; grep -E 'CapEff|NoNewPrivs' /proc/self/status; cp /bin/true /tmp && /tmp/true && echo ran; df -k /dev/shm | awk 'NR == 2 { print $2 }'",
      relaxed,
    );
    expect(seen.split("\n")).toEqual(["0", "written", "CapEff:\t0000000000000001", "NoNewPrivs:\t1", "ran", "16384"]);
    const { description } = isolated.runner({ image, mode: "exec", command: ["true"], ...relaxed });
    expect(description).toBe(
      "container (exec, relaxed: user, relaxed: capabilities, relaxed: writableRoot, relaxed: tmpExec, relaxed: shm)",
    );
  });
});

describe.skipIf(!hasDocker)("an engine of the internet class", () => {
  test("has a bridge of its agent's, and not the default one", async () => {
    const internet = await containerCase({ internet: true });
    const { stdout } = await internet.script(
      image,
      "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; grep -c . /proc/net/route",
    );
    expect(stdout.trim().split("\n").slice(0, -1).toSorted()).toEqual(["eth0", "lo"]);
    const { network } = await internet.host.prepare();
    expect(network).toMatch(new RegExp(`^scanmesh-${internet.agent}-[0-9a-f]{8}$`));
    expect(await docker("network", "inspect", network, "--format", '{{.Driver}} {{index .Labels "scanmesh.agent"}}')).toBe(
      `bridge ${internet.agent}`,
    );
    await internet.stop();
    expect(await belongingsOf(internet.agent)).toEqual([]);
  });
});
