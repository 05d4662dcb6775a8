/** The lines for a host with Docker, run as they are printed on one with a daemon of its own: the agent runs in a container. */

import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { createJoinToken } from "../../gateway/join/join-tokens.js";
import { joinLines, type JoinMethod } from "../../schema/join-lines.js";
import { projectPath } from "../../schema/paths.js";
import { untilScannedBy } from "../gateway/join/scanned-by.js";
import { TESTER, until } from "../stage/stage.js";
import { tellTime } from "../stage/tell-time.js";
import { prepared, useStage } from "../stage/use-stage.js";
import { docker, hasDocker } from "./base-image.js";
import { startDockerHost } from "./docker-host.js";
import { makeImage } from "./images.js";

const BUILD_MS = 600_000;
const CONTAINER = "scanmesh-agent";

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

const HARDENED = {
  State: { Running: true },
  HostConfig: {
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    RestartPolicy: { Name: "unless-stopped" },
    Tmpfs: { "/tmp": "" },
  },
};

describe.skipIf(!hasDocker)("the lines for a host with Docker", { timeout: BUILD_MS }, () => {
  let image: string;
  beforeAll(async () => {
    image = await agentImage();
  }, BUILD_MS);
  const stage = useStage();
  const host = prepared(startDockerHost, (one) => one.remove());
  const mesh = prepared(async () => {
    const file = join(stage.folder, "agent.tar");
    await docker("save", "--output", file, image);
    const nats = await host.publish(Number(new URL(stage.nats().url).port));
    const gateway = await stage.gateway({
      SCANMESH_AGENT_NATS_URL: `nats://${host.gateway}:${nats}`,
      SCANMESH_ACK_WAIT: "30s",
      SCANMESH_AGENT_IMAGE_FILE: file,
    });
    return { gateway, url: `http://${host.gateway}:${await host.publish(Number(new URL(gateway.url).port))}` };
  });

  const agent = () => `${host.name}-isolated`;
  const script = (words = "") => `curl -fsSL ${mesh.url}/join | sh${words}`;
  const withoutToken = (verb: string) => `docker run --rm -v /var/run/docker.sock:/var/run/docker.sock ${image} ${verb}`;
  const keys = () => stage.db.selectFrom("agent_keys").select("public_key").where("agent", "=", agent()).execute();
  const takesWork = () => untilScannedBy(mesh.gateway.url, agent());

  /** A line as it is printed, and the token in it. */
  async function printed(method: JoinMethod): Promise<{ line: string; text: string }> {
    const { text } = await createJoinToken(mesh.gateway.context, TESTER, { class: "isolated", gateway: mesh.url });
    return { line: joinLines(text, { image }).find((one) => one.method === method)?.text ?? "", text };
  }

  /** The agent's container; undefined if there is none. */
  async function shown(): Promise<Shown | undefined> {
    const { status, output } = await host.run(`docker inspect ${CONTAINER}`);
    return status === 0 ? (JSON.parse(output) as Shown[])[0] : undefined;
  }

  const names = async (filter = "") => (await host.run(`docker ps --all --format '{{.Names}}' ${filter}`)).output.trim();
  /** Of the agent itself; it has others for what it runs. */
  const containers = () => names(`--filter name=${CONTAINER}`);

  test(
    "the script brings the agent's image, which joins, starts the agent hardened, and ends",
    async () => {
      const { line, text } = await printed("SCRIPT");
      const { status, output } = await host.run(line);
      expect([status, output]).toEqual([0, expect.stringContaining(`The agent runs in the container ${CONTAINER}`)]);
      await tellTime("A host with Docker had scanned a file, after its line had ended,", takesWork());
      expect(await shown()).toMatchObject(HARDENED);
      expect((await shown())?.Config.Env.join()).not.toContain(text);
      expect(await containers()).toBe(CONTAINER);
    },
    BUILD_MS,
  );

  test("run again without a token another container takes its place, with the same key; a setting stays", async () => {
    const [before, key] = [await shown(), await keys()];
    const { status } = await host.run(withoutToken("join").replace("--rm", "--rm --env SCANMESH_SLOTS=3"));
    expect(status).toBe(0);
    const after = await shown();
    expect(after?.Id).not.toBe(before?.Id);
    expect(after?.Config.Env.toSorted()).toEqual([...(before?.Config.Env ?? []), "SCANMESH_SLOTS=3"].toSorted());
    expect(await keys()).toEqual(key);
    expect(await containers()).toBe(CONTAINER);
    await takesWork();
  });

  test("interrupted while it replaces the agent, it puts back what was there", async () => {
    const before = await shown();
    const running = host.run(withoutToken("join").replace("--rm", "--rm --name joiner -e NATS_URL=nats://192.0.2.1:4222"));
    await until("the other container is there", async () => {
      const now = await shown();
      return now !== undefined && now.Id !== before?.Id;
    });
    await host.run("docker kill --signal INT joiner");
    const { status, output } = await running;
    expect([status, output]).toEqual([130, expect.stringContaining("before runs again")]);
    expect(await shown()).toMatchObject({ Id: before?.Id, State: { Running: true } });
    expect(await containers()).toBe(CONTAINER);
    await takesWork();
  });

  test("where it was killed in between, the script without a token goes on, with the same key", async () => {
    const [before, key] = [await shown(), await keys()];
    await host.run(`docker stop ${CONTAINER} && docker rename ${CONTAINER} ${CONTAINER}-before`);
    const { status, output } = await host.run(script());
    expect([status, output]).toEqual([0, expect.stringContaining(`Fetching the agent from ${mesh.url}`)]);
    expect([(await shown())?.Id === before?.Id, await keys()]).toEqual([false, key]);
    expect((await shown())?.Config.Env.toSorted()).toEqual(before?.Config.Env.toSorted());
    expect(await containers()).toBe(CONTAINER);
    await takesWork();
  });

  test("leave says goodbye, and removes the container and the folder", async () => {
    const { status, output } = await host.run(withoutToken("leave"));
    expect([status, output]).toEqual([0, expect.stringContaining("are removed")]);
    expect([await keys(), await names()]).toEqual([[], ""]);
    expect((await host.run("ls /var/lib/scanmesh")).output.trim()).toBe("agent");
    const again = await host.run(withoutToken("leave"));
    expect(again).toMatchObject({ status: 2, output: expect.stringContaining("There is no agent's container") as string });
  });

  test("the line for the image joins as well, and the script removes what it has made", async () => {
    const { line, text } = await printed("DOCKER");
    const { status, output } = await host.run(line);
    expect([status, output]).toEqual([0, expect.stringContaining(`The agent runs in the container ${CONTAINER}`)]);
    await takesWork();
    expect(await shown()).toMatchObject(HARDENED);
    expect((await shown())?.Config.Env.join()).not.toContain(text);
    const removed = await host.run(script(" -s -- --uninstall"));
    expect([removed.status, removed.output]).toEqual([0, expect.stringContaining("is removed from this host")]);
    expect([await keys(), await names()]).toEqual([[], ""]);
  });

  test("says what is missing: the token, the socket, a mesh that knows the token", async () => {
    const none = await host.run(withoutToken("join"));
    expect(none).toMatchObject({ status: 2, output: expect.stringContaining("the line needs a token") as string });
    const noSocket = await host.run(`docker run --rm ${image} join smj1_x`);
    expect(noSocket).toMatchObject({ status: 2, output: expect.stringContaining("No Docker daemon answers") as string });
    const cut = await host.run(withoutToken("join smj1_abc"));
    expect(cut).toMatchObject({ status: 2, output: expect.stringContaining("copy the whole line") as string });
    expect(await names()).toBe("");
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
