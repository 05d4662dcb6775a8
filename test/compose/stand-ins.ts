/**
 * Images of the names and tags in docker-compose.yml, made from Debian's packages and npm's: a registry is not needed. They are
 * under a name of their own in front, so that no real image is replaced, and are made again only when what they are made from changes.
 */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { promisify } from "node:util";
import { projectPath } from "../../schema/paths.js";
import { baseImage, docker } from "../docker/base-image.js";

/** Stands before the names of all stand-ins. */
export const REGISTRY = "scanmesh-test/";
/** An engine that runs in a container: the agent, in a container itself, starts it beside itself. */
export const ENGINE = `name: StandIn
type: AV
speed: FAST
internet: false
timeout: 20s
slots: 1
output: malice
run:
  container:
    image: ${REGISTRY}malice
    mode: exec
    command: [/bin/avscan, --timeout, "15", "{file}"]
    version: [/bin/avscan, --version]
    limits: { memory: 128MiB }
`;
const NPM = "11.6.2";
const RECIPE = "scanmesh-test.recipe";

const execute = promisify(execFile);
const npm = async (...words: string[]) => (await execute("npm", words, { maxBuffer: 16 * 1024 ** 2 })).stdout.trim();

/** Makes those of the images that this machine does not have. */
export async function makeStandIns(): Promise<void> {
  const base = await baseImage();
  await make(`${REGISTRY}malice`, projectPath("test", "docker", "malice"), base);
  const names = await imageNames();
  for (const [image, folder] of [
    ["node", "node"],
    ["postgres", "postgres"],
    ["nats", "nats"],
    ["prom/prometheus", "prometheus"],
  ] as const) {
    const name = names.find((one) => one.startsWith(`${image}:`));
    if (name === undefined) throw new Error(`docker-compose.yml names no image ${image}`);
    await make(REGISTRY + name, projectPath("test", "compose", folder), base);
  }
}

/** The images that docker-compose.yml takes from a registry, without the registry. */
async function imageNames(): Promise<string[]> {
  const file = await readFile(projectPath("docker-compose.yml"), "utf8");
  return [...file.matchAll(/\$\{SCANMESH_REGISTRY:-\}(\S+)/g)].map(([, name]) => name ?? "");
}

async function make(tag: string, folder: string, base: string): Promise<void> {
  const recipe = await recipeOf(tag, folder, base);
  if ((await labelOf(tag)) === recipe) return;
  const context = await mkdtemp(join(tmpdir(), "scanmesh-test-stand-in-"));
  try {
    await cp(folder, context, { recursive: true });
    const words = folder.endsWith("node") ? await addNode(context, tag) : [];
    await docker(
      "build",
      "--quiet",
      "--build-arg",
      `BASE=${base}`,
      ...words,
      "--label",
      `${RECIPE}=${recipe}`,
      "--tag",
      tag,
      context,
    );
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function recipeOf(tag: string, folder: string, base: string): Promise<string> {
  const hash = createHash("sha256").update(`${tag} ${base} ${NPM}`);
  for (const file of (await readdir(folder)).toSorted()) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest("hex").slice(0, 16);
}

async function labelOf(tag: string): Promise<string | undefined> {
  const ids = await docker("image", "ls", "--quiet", tag);
  return ids === "" ? undefined : await docker("image", "inspect", "--format", `{{index .Config.Labels "${RECIPE}"}}`, tag);
}

/** Node of the tag's version and npm, as npm's registry has them, and how the host reaches that registry. */
async function addNode(context: string, tag: string): Promise<string[]> {
  const version = /:(\d+\.\d+\.\d+)/.exec(tag)?.[1] ?? "";
  await unpack(context, `node-linux-${process.arch}@${version}`, "package/bin/node");
  await unpack(context, `npm@${NPM}`, "package");
  await writeFile(join(context, "certificates.pem"), await certificates());
  return ["--build-arg", `REGISTRY=${await npm("config", "get", "registry")}`];
}

/** A file or folder of a package, into the context by the package's short name. */
async function unpack(context: string, name: string, path: string): Promise<void> {
  const folder = await mkdtemp(join(context, "package-"));
  const archive = await npm("pack", "--silent", "--pack-destination", folder, name);
  await execute("tar", ["-C", folder, "-xzf", join(folder, archive), path]);
  await rename(join(folder, path), join(context, /^[a-z]+/.exec(name)?.[0] ?? name));
  await rm(folder, { recursive: true });
}

/** The certificates that npm on this host believes, if it was told of some; else those of Node. */
async function certificates(): Promise<string> {
  const told = await npm("config", "get", "cafile");
  return told === "null" || told === "" ? rootCertificates.join("\n") : await readFile(told, "utf8");
}
