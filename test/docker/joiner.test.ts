/** The line for a host with Docker, run as it is printed: a container that joins, starts the agent's own container, and ends. */

import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { createServer, connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { createJoinToken } from "../../gateway/join/join-tokens.js";
import { joinLines } from "../../schema/join-lines.js";
import { projectPath } from "../../schema/paths.js";
import { untilScannedBy } from "../gateway/join/scanned-by.js";
import { TESTER, until } from "../stage/stage.js";
import { prepared, useStage } from "../stage/use-stage.js";
import { bridgeAddress, docker, hasDocker } from "./base-image.js";
import { makeImage } from "./images.js";

const BUILD_MS = 600_000;
const agent = `joiner-${process.pid}`;
const container = `scanmesh-agent-${agent}`;

interface Shown {
  readonly Id: string;
  readonly State: { readonly Running: boolean };
  readonly Config: { readonly User: string; readonly Env: readonly string[] };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly RestartPolicy: { readonly Name: string };
    readonly Tmpfs: object;
  };
}

describe.skipIf(!hasDocker)("the line for Docker", () => {
  const stage = useStage();
  const mesh = prepared(
    async () => {
      const address = await bridgeAddress();
      const publish = async (port: number) => {
        const server = createServer((client) => {
          const upstream = connect(port, "127.0.0.1");
          client.pipe(upstream).pipe(client);
          client.on("error", () => upstream.destroy());
          upstream.on("error", () => client.destroy());
        });
        await new Promise<void>((resolve) => server.listen(0, address, resolve));
        return { port: (server.address() as AddressInfo).port, server };
      };
      const nats = await publish(Number(new URL(stage.nats().url).port));
      const gateway = await stage.gateway({
        SCANMESH_AGENT_NATS_URL: `nats://${address}:${nats.port}`,
        SCANMESH_ACK_WAIT: "30s",
        SCANMESH_AGENT_IMAGE_FILE: imageFile(),
      });
      const http = await publish(Number(new URL(gateway.url).port));
      return { gateway, url: `http://${address}:${http.port}`, servers: [nats.server, http.server] };
    },
    async ({ servers }) => {
      for (const server of servers) server.close();
    },
  );
  const imageFile = () => join(stage.folder, "agent.tar");
  let image: string;

  beforeAll(async () => {
    image = await agentImage();
    return async () => {
      await docker("rm", "--force", container, `${container}-before`).catch(() => "");
    };
  }, BUILD_MS);

  const settings = { SCANMESH_AGENT_ID: agent, SCANMESH_ENGINES: "FileInfo" };

  /** Runs a line under the name of this test's agent; what it has said and how it has ended. */
  async function run(line: string): Promise<{ status: number; said: string }> {
    const own = line.replace("docker run --rm", "docker run --rm -e SCANMESH_AGENT_ID -e SCANMESH_ENGINES");
    try {
      const { stdout, stderr } = await promisify(execFile)("sh", ["-c", own], { env: { ...process.env, ...settings } });
      return { status: 0, said: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, said: stdout + stderr };
    }
  }

  const withoutToken = (verb: string) => `docker run --rm -v /var/run/docker.sock:/var/run/docker.sock ${image} ${verb}`;
  const shown = async () => (JSON.parse(await docker("inspect", container)) as Shown[])[0];
  const keys = () => stage.db.selectFrom("agent_keys").select("public_key").where("agent", "=", agent).execute();
  const takesWork = () => untilScannedBy(mesh.gateway.url, agent);

  test("joins, starts the agent hardened, and ends", async () => {
    const { text } = await createJoinToken(mesh.gateway.context, TESTER, { class: "isolated", gateway: mesh.url });
    const { status, said } = await run(joinLines(text, { image }).find(({ method }) => method === "DOCKER")?.text ?? "");
    expect([status, said]).toEqual([0, expect.stringContaining(`The agent runs in the container ${container}`)]);
    expect(await shown()).toMatchObject({
      State: { Running: true },
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        RestartPolicy: { Name: "unless-stopped" },
        Tmpfs: { "/tmp": "" },
      },
    });
    expect((await shown())?.Config.Env.join()).not.toContain(text);
    await takesWork();
  });

  test("run again without a token puts another container in its place, with the same key", async () => {
    const [before, key] = [await shown(), await keys()];
    const { status } = await run(withoutToken("join"));
    expect(status).toBe(0);
    const after = await shown();
    expect(after?.Id).not.toBe(before?.Id);
    expect(after?.Config.Env.toSorted()).toEqual(before?.Config.Env.toSorted());
    expect(await keys()).toEqual(key);
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=${container}-before`)).toBe("");
    await takesWork();
  });

  test("interrupted while it replaces the agent, it puts back what was there", async () => {
    const before = await shown();
    const line = withoutToken("join").replace("--rm", `--rm --name ${container}-joiner -e NATS_URL=nats://192.0.2.1:4222`);
    const running = run(line);
    await until("the other container is there", async () => {
      const now = await shown().catch(() => undefined);
      return now !== undefined && now.Id !== before?.Id;
    });
    await docker("kill", "--signal", "INT", `${container}-joiner`);
    const { status, said } = await running;
    expect([status, said]).toEqual([130, expect.stringContaining("before runs again")]);
    expect(await shown()).toMatchObject({ Id: before?.Id, State: { Running: true } });
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=${container}-before`)).toBe("");
    await takesWork();
  });

  const script = (words = "") => `curl -fsSL ${mesh.url}/join | sh${words}`;

  test(
    "the script brings the image that its gateway has, and puts another container in place of the one that is there",
    async () => {
      await docker("save", "--output", imageFile(), image);
      const [before, key] = [await shown(), await keys()];
      const { status, said } = await run(script());
      expect([status, said]).toEqual([0, expect.stringContaining(`Fetching the agent from ${mesh.url}`)]);
      expect([(await shown())?.Id === before?.Id, await keys()]).toEqual([false, key]);
      expect((await shown())?.Config.Env.toSorted()).toEqual(before?.Config.Env.toSorted());
      await takesWork();
    },
    BUILD_MS,
  );

  test("leave says goodbye, and removes the container and the folder; the script does it by that", async () => {
    const { status, said } = await run(script(" -s -- --uninstall"));
    expect([status, said]).toEqual([0, expect.stringContaining("are removed")]);
    expect(said).toContain("is removed from this host");
    expect(await keys()).toEqual([]);
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=${container}`)).toBe("");
    const again = await run(withoutToken("leave"));
    expect(again).toMatchObject({ status: 2, said: expect.stringContaining("There is no agent's container") as string });
  });

  test("says what is missing: the token, the socket, a mesh that knows the token", async () => {
    const none = await run(withoutToken("join"));
    expect(none).toMatchObject({ status: 2, said: expect.stringContaining("the line needs a token") as string });
    const noSocket = await run(`docker run --rm ${image} join smj1_x`);
    expect(noSocket).toMatchObject({ status: 2, said: expect.stringContaining("No Docker daemon answers") as string });
    const cut = await run(withoutToken("join smj1_abc"));
    expect(cut).toMatchObject({ status: 2, said: expect.stringContaining("copy the whole line") as string });
    expect(await docker("ps", "--all", "--quiet", "--filter", `name=${container}`)).toBe("");
  });
});

/** The agent as an image, of the package for hosts. */
async function agentImage(): Promise<string> {
  const program = projectPath("dist", "gateway", "join", "make-package.js");
  const { stdout } = await promisify(execFile)(process.execPath, [program, projectPath(".scanmesh", "test-packages")]);
  const { path, sha256 } = JSON.parse(stdout) as { path: string; sha256: string };
  return makeImage("agent", projectPath("test", "docker", "agent"), {
    version: sha256,
    add: async (context) => {
      await cp(path, join(context, "package.tar.gz"));
      await cp(projectPath("deploy", "agent-health.mjs"), join(context, "agent-health.mjs"));
      return [];
    },
  });
}
