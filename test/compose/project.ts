/** The mesh of docker-compose.yml, started by docker-compose under a project name of its own. */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { projectPath } from "../../schema/paths.js";
import { docker } from "../docker/base-image.js";
import { REGISTRY } from "../docker/images.js";

const execute = promisify(execFile);

/** How long the stand-ins and the images take to build at most, on a machine that is busy with others. */
export const BUILD_MS = 1_200_000;

/** A program that reads docker-compose.yml, as words. */
export type Compose = readonly [string, ...string[]];

/** Those that this machine has, and the one that COMPOSE_PROGRAM names. In CI the first one must be there. */
export async function composePrograms(): Promise<Compose[]> {
  const named = process.env["COMPOSE_PROGRAM"];
  const known: Compose[] = [["docker-compose"], ["docker", "compose"], ...(named === undefined ? [] : [[named] as const])];
  const works = await Promise.all(known.map(([program, ...words]) => answers(program, [...words, "version"])));
  return known.filter((_, n) => works[n] || (n === 0 && process.env["CI"] !== undefined));
}

async function answers(program: string, words: string[]): Promise<boolean> {
  try {
    await execute(program, words);
    return true;
  } catch {
    return false;
  }
}

/** A container as Docker shows it. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env: readonly string[];
    readonly Hostname: string;
  };
  readonly HostConfig: { readonly PortBindings: Readonly<Record<string, readonly { HostIp: string }[] | null>> | null };
}

export interface Project {
  /** The folder that stands for /var/lib/scanmesh/agent. */
  readonly hostDir: string;
  /** The folder of further engine manifests; made by who has some. */
  readonly enginesDir: string;
  /** Builds the images. Test files at the same time do so one after the other: the second finds what the first has made. */
  build(): Promise<void>;
  /** Runs a command of compose; what it prints. */
  run(...words: string[]): Promise<string>;
  containers(): Promise<Container[]>;
  /** The names of whatever Docker still has of the project. */
  remains(): Promise<string[]>;
  /** The address of a published port. */
  address(service: string, port: number): Promise<string>;
  remove(): Promise<void>;
}

/** A second file for compose: the same images by their tags alone, since stand-ins have digests of their own. */
async function withoutDigests(): Promise<string> {
  const { services } = parse(await readFile(projectPath("docker-compose.yml"), "utf8"), { merge: true }) as {
    services: Record<string, { image: string; build?: { args: { NODE_IMAGE: string } } }>;
  };
  const plain = (image: string) => image.replace(/@.*/, "");
  const changed = Object.entries(services).map(([name, { image, build }]) => [
    name,
    build === undefined ? { image: plain(image) } : { build: { args: { NODE_IMAGE: plain(build.args.NODE_IMAGE) } } },
  ]);
  return stringify({ services: Object.fromEntries(changed) });
}

/** What a project has beside docker-compose.yml. */
interface Additions {
  /** More of the project's files for compose. */
  readonly files?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
}

/** Nothing is started yet. The file is read as it is, without the .env that may lie beside it; ports are any that are free. */
export async function createProject([program, ...words]: Compose, { files = [], settings }: Additions = {}): Promise<Project> {
  const name = `scanmesh-test-${randomBytes(4).toString("hex")}`;
  const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-compose-"));
  const [hostDir, noSettings, standIns] = [join(folder, "host"), join(folder, "env"), join(folder, "stand-ins.yml")];
  const enginesDir = join(hostDir, "engines");
  await mkdir(hostDir);
  await writeFile(noSettings, "");
  await writeFile(standIns, await withoutDigests());
  const env = {
    ...process.env,
    COMPOSE_PROFILES: "",
    SCANMESH_REGISTRY: REGISTRY,
    SCANMESH_TAG: "test",
    SCANMESH_HOST_DIR: hostDir,
    SCANMESH_ENGINES_DIR: enginesDir,
    PORT: "0",
    PROMETHEUS_PORT: "0",
    ...settings,
  };
  const file = [
    "--file",
    projectPath("docker-compose.yml"),
    ...files.flatMap((name) => ["--file", projectPath(name)]),
    "--file",
    standIns,
    "--env-file",
    noSettings,
    "--project-name",
    name,
  ];
  const compose = [program, ...words, ...file] as const;
  const start = async (first: string, ...rest: string[]) => {
    try {
      const options = { env, cwd: projectPath(), maxBuffer: 64 * 1024 ** 2 };
      return (await execute(first, rest, options)).stdout.trim();
    } catch (error) {
      // What a build says before it fails is on its standard output.
      const { stdout } = error as { stdout?: string };
      throw new Error(`${String(error)}\n${stdout?.slice(-10_000)}`, { cause: error });
    }
  };
  const run = (...command: string[]) => start(...compose, ...command);
  const label = `label=com.docker.compose.project=${name}`;
  const list = async (...command: string[]) =>
    (await docker(...command, "--filter", label)).split("\n").filter((line) => line !== "");

  return {
    hostDir,
    enginesDir,
    build: async () => void (await start("flock", join(tmpdir(), "scanmesh-test-compose.lock"), ...compose, "build")),
    run,
    async containers() {
      for (;;) {
        const ids = await list("ps", "--all", "--quiet");
        try {
          return ids.length === 0 ? [] : (JSON.parse(await docker("inspect", ...ids)) as Container[]);
        } catch (error) {
          // One of them was removed since they were listed.
          if (!/No such object/i.test(String(error))) throw error;
        }
      }
    },
    remains: async () =>
      (
        await Promise.all([
          list("ps", "--all", "--format", "{{.Names}}"),
          list("volume", "ls", "--format", "{{.Name}}"),
          list("network", "ls", "--format", "{{.Name}}"),
        ])
      ).flat(),
    address: async (service, port) => `http://${await run("port", service, `${port}`)}`,
    async remove() {
      // A profile's services are the file's only when it is named.
      await run("--profile", "monitoring", "--profile", "updates", "down", "--volumes", "--remove-orphans");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
