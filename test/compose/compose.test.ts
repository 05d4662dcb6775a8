import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { docker, hasDocker } from "../docker/base-image.js";
import { STAND_IN } from "../docker/images.js";
import { ask } from "../gateway/http/http-client.js";
import { EICAR } from "../scanner-agent/eicar.js";
import { until } from "../stage/stage.js";
import { BUILD_MS, composePrograms, createProject, type Project } from "./project.js";
import { makeStandIns } from "./stand-ins.js";

const ONCE = ["keys", "migrate"];
const ALWAYS = ["agent-internet", "agent-isolated", "gateway", "nats", "postgres"];
const AGENTS_QUERY = "{ engines { name available } agents { agent engines { name healthy slots runner warnings } } }";

interface Agents {
  readonly engines: readonly { name: string; available: boolean }[];
  readonly agents: readonly {
    agent: string;
    engines: readonly { name: string; healthy: boolean; slots: number; runner: string; warnings: readonly string[] }[];
  }[];
}

interface Sets {
  readonly updateSets: readonly {
    readonly engine: string;
    readonly check: { readonly state: string; readonly reason: string | null; readonly agent: string | null } | null;
    readonly newest: { readonly sequence: number } | null;
  }[];
}

interface Scan {
  readonly scan: { readonly results: readonly { engine: string; verdict: string | null; agent: string | null }[] };
}

/** An engine whose updates a folder has. */
const ownRules = (folder: string) => `name: OwnRules
type: METADATA
speed: FAST
internet: false
output: yara
timeout: 60s
slots: 1
run:
  builtin: { module: yara }
updates:
  main: { source: folder, folder: ${folder} }
`;

const programs = hasDocker ? await composePrograms() : [];

describe.runIf(programs.length > 0)("docker-compose.yml", () => {
  beforeAll(makeStandIns, BUILD_MS);

  describe.each(programs.map((program) => ({ name: program.join(" "), program })))("with $name", ({ program }) => {
    let project: Project;
    let url: string;

    beforeAll(async () => {
      project = await createProject(program);
      await mkdir(project.enginesDir);
      await writeFile(join(project.enginesDir, "stand-in.yaml"), STAND_IN);
      await writeFile(join(project.enginesDir, "own-rules.yaml"), ownRules(join(project.hostDir, "rules")));
      await project.build();
      await project.run("up", "--detach");
      url = await project.address("gateway", 8080);
    }, BUILD_MS);
    afterAll(() => project.remove());

    const services = async (names: readonly string[]) => {
      const all = await project.containers();
      return all.filter(({ Config }) => names.includes(Config.Labels["com.docker.compose.service"] ?? ""));
    };

    /** What is refused for a moment, because the machine is busy, is asked again. */
    async function graphql<T extends object>(query: string): Promise<T> {
      const headers = { "content-type": "application/json" };
      return await until(`${query} is answered`, async () => {
        const answer = await ask(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
        const { data, errors } = answer.json<{ data: T | null; errors?: unknown }>();
        return errors === undefined ? data : undefined;
      });
    }

    /** An engine wherever it is healthy. */
    const healthy = async (engine: string) => {
      const { agents, engines: catalogue } = await graphql<Agents>(AGENTS_QUERY);
      // A scan asks an engine once it is in the catalogue, a moment after its agent was heard.
      if (!catalogue.some(({ name, available }) => name === engine && available)) return [];
      return agents.flatMap(({ engines }) => engines.filter(({ name, healthy }) => name === engine && healthy));
    };

    /** Uploads as MultiAV2's clients do; the report once it is complete. */
    async function scan(name: string, bytes: Uint8Array): Promise<{ id: number; result: Record<string, unknown>[] }> {
      const body = new FormData();
      body.append("file_upload", new Blob([Uint8Array.from(bytes)]), name);
      body.append("minspeed", "3");
      const accepted = await until("the sample is accepted", async () => {
        const answer = await ask(`${url}/api/v1/sample`, { method: "POST", body });
        return answer.status === 200 ? answer : undefined;
      });
      const { id } = accepted.json<{ id: number }>();
      const complete = async () => {
        const report = (await ask(`${url}/api/v1/sample/${id}`)).json<{
          end_date: string | null;
          result: Record<string, unknown>[];
        }>();
        return report.end_date === null ? undefined : { id, result: report.result };
      };
      // The first scans of three new containers on a busy machine take their time: each engine starts its programs from the disk.
      return await until("the scan is complete", complete);
    }

    test("one-shots end well, and everything else becomes healthy", async () => {
      await until("all services are healthy", async () =>
        (await services(ALWAYS)).every(({ State }) => State.Health?.Status === "healthy"),
      );
      const running = (await services(ALWAYS)).map(({ Config }) => Config.Labels["com.docker.compose.service"]);
      expect(running.toSorted()).toEqual(ALWAYS);
      const ended = await services(ONCE);
      expect(ended.map(({ State }) => [State.Status, State.ExitCode])).toEqual([
        ["exited", 0],
        ["exited", 0],
      ]);
    });

    test("EICAR is INFECTED through the published port", async () => {
      for (const engine of ["Yara", "StandIn"])
        await until(`${engine} is in the mesh`, async () => (await healthy(engine)).length > 0);
      const { result } = await scan("eicar.com", EICAR);
      expect(result).toContainEqual(expect.objectContaining({ name: "Yara", infected: true, result: "EICAR_Test_File" }));
      expect(result).toContainEqual(expect.objectContaining({ name: "StandIn", infected: true, result: "EICAR-Test-File" }));
    });

    test("what reads samples in the agent's own programs has neither the network nor the Docker socket", async () => {
      for (const engine of ["Yara", "FileInfo"]) {
        const [found] = await healthy(engine);
        expect(found?.runner).toMatch(/^builtin \(container: user 65534, no network,/);
        expect(found?.warnings).toEqual([]);
      }
    });

    test("ports are published on loopback alone, and no setting holds a secret", async () => {
      const containers = await project.containers();
      const published = containers.flatMap(({ HostConfig }) =>
        Object.values(HostConfig.PortBindings ?? {}).flatMap((ports) => ports ?? []),
      );
      expect(published.length).toBeGreaterThan(0);
      expect(new Set(published.map(({ HostIp }) => HostIp))).toEqual(new Set(["127.0.0.1"]));
      const password = await project.run("exec", "-T", "postgres", "cat", "/run/scanmesh/password");
      expect(password).toMatch(/^[\w-]{32}$/);
      expect(JSON.stringify(containers)).not.toContain(password);
    });

    test("a second start keeps the keys and the password", async () => {
      const secrets = () => project.run("exec", "-T", "gateway", "sh", "-c", "cat /run/scanmesh/*");
      const before = await secrets();
      await project.run("up", "--detach");
      expect(await secrets()).toBe(before);
    });

    test("an agent is unhealthy while it has no NATS", async () => {
      const health = () => project.run("exec", "-T", "agent-isolated", "node", "deploy/agent-health.mjs");
      await expect(health()).resolves.toBe("");
      await project.run("stop", "nats");
      await expect(health()).rejects.toThrow("no connection to NATS");
      await project.run("start", "nats");
      await until("it is connected again", () =>
        health().then(
          () => true,
          () => false,
        ),
      );
    });

    test("three agents have three times the slots, and share the work", async () => {
      const [one] = await until("Yara is in the mesh", async () => {
        const found = await healthy("Yara");
        return found.length === 1 ? found : undefined;
      });
      await project.run("up", "--detach", "--scale", "agent-isolated=3");
      const three = await until("three agents have Yara", async () => {
        const found = await healthy("Yara");
        return found.length === 3 ? found : undefined;
      });
      expect(three.reduce((sum, { slots }) => sum + slots, 0)).toBe(3 * (one?.slots ?? 0));
      const names = new Set<string>();
      await until("two agents have answered", async () => {
        const reports = await Promise.all(Array.from({ length: 12 }, (_, n) => scan(`sample-${n}`, Buffer.from(`sample ${n}`))));
        for (const { id } of reports) {
          const { scan } = await graphql<Scan>(`{ scan(id: ${id}) { results { engine verdict agent } } }`);
          for (const { agent } of scan.results) if (agent !== null) names.add(agent);
        }
        return names.size >= 2;
      });
    });

    test("a fetcher brings what a folder of its host has, and offers nothing for which it lacks Docker", async () => {
      const rules = join(project.hostDir, "rules");
      await mkdir(rules);
      await writeFile(join(rules, "own.yar"), "rule Own { condition: false }");
      await project.run("--profile", "updates", "up", "--detach", "fetcher");
      await until("it is healthy", async () => (await services(["fetcher"]))[0]?.State.Health?.Status === "healthy");
      const sets = await until("it is done", async () => {
        const found = await graphql<Sets>("{ updateSets { engine check { state reason agent } newest { sequence } } }");
        const state = found.updateSets.find(({ engine }) => engine === "OwnRules")?.check?.state;
        return state === "DONE" || state === "FAILED" ? found.updateSets : undefined;
      });
      const check = {
        state: "DONE",
        reason: "The gateway has what is new.",
        agent: expect.stringMatching(/-internet$/) as string,
      };
      expect(sets).toContainEqual({ engine: "OwnRules", check, newest: { sequence: 1 } });
      expect(sets.find(({ engine }) => engine === "StandIn")?.check ?? null).toBeNull();
    });

    test("Prometheus reaches the gateway, and every expression of the dashboard has a meaning", async () => {
      await project.run("--profile", "monitoring", "up", "--detach", "prometheus");
      await until("it is healthy", async () => (await services(["prometheus"]))[0]?.State.Health?.Status === "healthy");
      const prometheus = await project.address("prometheus", 9090);
      const query = async (expression: string) =>
        (await ask(`${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`)).json<{
          status: string;
          data: { result: { value: [number, string] }[] };
        }>();
      await until("the gateway is scraped", async () => (await query("up")).data.result[0]?.value[1] === "1");
      const dashboard = await readFile(projectPath("deploy", "grafana", "scanmesh.json"), "utf8");
      const expressions = [...dashboard.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
        ([, text]) => JSON.parse(text ?? "") as string,
      );
      expect(expressions.length).toBeGreaterThan(5);
      const statuses = expressions.map(async (expression) => {
        const { status } = await query(expression.replaceAll("$__rate_interval", "1m"));
        return `${status}: ${expression}`;
      });
      expect(await Promise.all(statuses)).toEqual(expressions.map((expression) => `success: ${expression}`));
      const metrics = (await ask(`${url}/metrics`)).text;
      const names = [...expressions.join(" ").matchAll(/\bscanmesh_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ""));
      expect(names.filter((name) => !metrics.includes(`# TYPE ${name} `))).toEqual([]);
    });

    test("down --volumes leaves nothing", async () => {
      const labels = (await graphql<Agents>(AGENTS_QUERY)).agents.map(({ agent }) => `label=scanmesh.agent=${agent}`);
      const ofEngines = async () =>
        (await Promise.all(labels.map((label) => docker("ps", "--all", "--quiet", "--filter", label)))).join("");
      expect(await ofEngines()).not.toBe("");
      await project.run("--profile", "monitoring", "--profile", "updates", "down", "--volumes");
      expect(await project.remains()).toEqual([]);
      expect(await ofEngines()).toBe("");
      expect(await readdir(join(`${project.hostDir}-isolated`, "spool"))).toEqual([]);
    });
  });
});
