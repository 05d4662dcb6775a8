import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { get } from "node:https";
import { promisify } from "node:util";
import { connect, ErrorCode } from "nats";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../../schema/paths.js";
import { hasDocker } from "../docker/base-image.js";
import { until } from "../stage/stage.js";
import { BUILD_MS, composePrograms, createProject, type Project } from "./project.js";
import { makeStandIns } from "./stand-ins.js";

interface Service {
  readonly ports?: readonly unknown[];
  readonly networks: object;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Configuration {
  readonly services: Readonly<Record<string, Service>>;
}

const programs = await composePrograms();

describe.runIf(programs.length > 0).each(programs)("%s", (program, ...words) => {
  /** What compose makes of the project's files with these lines of .env.example in .env. */
  async function configuration(...names: string[]): Promise<Configuration> {
    const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-more-hosts-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const file of ["docker-compose.yml", "deploy/more-hosts.yml"]) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await cp(projectPath(file), join(folder, file));
    }
    const example = (await readFile(projectPath(".env.example"), "utf8")).split("\n");
    const lines = example.filter((line) => names.some((name) => line.startsWith(`#${name}=`))).map((line) => line.slice(1));
    await writeFile(join(folder, ".env"), lines.join("\n"));
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(COMPOSE|SCANMESH)_/.test(name)));
    const { stdout } = await promisify(execFile)(program, [...words, "--profile", "updates", "config"], { cwd: folder, env });
    return parse(stdout) as Configuration;
  }

  it("opens NATS and the gateway in every command once .env says so, with TLS and keys, and never without", async () => {
    const { nats: open, gateway, keys, ...agents } = (await configuration("COMPOSE_FILE", "SCANMESH_NATS_BIND")).services;
    for (const service of [open, gateway]) expect(JSON.stringify(service?.ports)).toContain("10.0.0.5");
    expect(Object.keys(open?.networks ?? {})).toContain("web");
    expect(JSON.stringify(keys?.command)).toContain('"--tls-names","10.0.0.5,"');
    const ofAll = { NATS_URL: "tls://nats:4222", SCANMESH_NATS_CA: "/run/scanmesh/ca.pem" };
    expect(gateway?.environment).toMatchObject({
      ...ofAll,
      SCANMESH_AUTH: "keys",
      SCANMESH_TLS_CERT: "/run/scanmesh/server.pem",
    });
    for (const agent of ["agent-isolated", "agent-internet", "fetcher"]) expect(agents[agent]?.environment).toMatchObject(ofAll);
    const closed = (await configuration()).services;
    expect(closed["nats"]?.ports ?? []).toEqual([]);
    expect(JSON.stringify(closed["gateway"]?.ports)).not.toContain("8443");
    expect(closed["gateway"]?.environment).toMatchObject({ SCANMESH_AUTH: "off", NATS_URL: "nats://nats:4222" });
    expect(Object.keys(closed["nats"]?.networks ?? {})).toEqual(["bus"]);
  });

  describe.runIf(hasDocker)("on a Docker Engine", () => {
    const bind = "127.0.0.9";
    let project: Project;
    beforeAll(async () => {
      await makeStandIns();
      const files = ["deploy/more-hosts.yml"];
      project = await createProject([program, ...words], { files, settings: { SCANMESH_NATS_BIND: bind } });
      await project.build();
    }, BUILD_MS);
    afterAll(() => project?.remove());

    it("speaks TLS alone to other hosts, asks for keys, and its own agents work by it", async () => {
      await project.run("up", "--detach", "certificate", "gateway", "agent-isolated");
      const ca = await project.run("exec", "-T", "gateway", "cat", "/run/scanmesh/ca.pem");
      await until("the gateway is ready by HTTPS", async () => (await getHttps(`https://${bind}:8443/readyz`, ca)) === 200);
      expect(await getHttps(`https://${bind}:8443/api/v1/sample/1`, ca)).toBe(401);
      const nats = { servers: `tls://${bind}:4222`, reconnect: false, maxReconnectAttempts: 0 };
      // NATS has shown the right certificate where it is the credentials that are missing.
      await expect(connect({ ...nats, tls: { ca } })).rejects.toMatchObject({ code: ErrorCode.AuthorizationViolation });
      await expect(connect({ ...nats, tls: {} })).rejects.toThrow(/certificate/);
      await until("the agent works", async () => {
        const agent = (await project.containers()).find(
          ({ Config }) => Config.Labels["com.docker.compose.service"] === "agent-isolated",
        );
        return agent?.State.Health?.Status === "healthy";
      });
    });
  });
});

function getHttps(url: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode));
    }).once("error", (error: NodeJS.ErrnoException) => {
      // Its port is taken before it listens.
      if (error.code === "ECONNREFUSED" || error.code === "ECONNRESET") resolve(undefined);
      else reject(error);
    });
  });
}
