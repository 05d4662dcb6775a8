/**
 * Images of the names and tags in docker-compose.yml, made from Debian's packages and npm's: a registry is not needed. They have
 * a name of their own in front, so that no real image is replaced.
 */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { promisify } from "node:util";
import { projectPath } from "../../schema/paths.js";
import { makeImage, maliceImage } from "../docker/images.js";

const NPM = "11.6.2";

const execute = promisify(execFile);
const npm = async (...words: string[]) => (await execute("npm", words, { maxBuffer: 16 * 1024 ** 2 })).stdout.trim();

/** Makes those of the images that this machine does not have, most of them at once: each waits for its packages most of the time. */
export async function makeStandIns(): Promise<void> {
  // The first alone: whoever waits for it asks Docker again and again.
  await maliceImage();
  const names = await imageNames();
  const make = async (image: string, folder: string) => {
    const name = names.find((one) => one.startsWith(`${image}:`));
    if (name === undefined) throw new Error(`docker-compose.yml names no image ${image}`);
    const addition = image === "node" ? { version: NPM, add: (context: string) => addNode(context, name) } : undefined;
    await makeImage(name, projectPath("test", "compose", folder), addition);
  };
  await Promise.all([
    make("node", "node"),
    make("postgres", "postgres"),
    make("nats", "nats"),
    make("prom/prometheus", "prometheus"),
  ]);
}

/** The images that docker-compose.yml takes from a registry, without the registry and the digest. */
async function imageNames(): Promise<string[]> {
  const file = await readFile(projectPath("docker-compose.yml"), "utf8");
  return [...file.matchAll(/\$\{SCANMESH_REGISTRY:-\}([^\s@]+)/g)].map(([, name]) => name ?? "");
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

/** The certificates that npm or Node on this host believe, if they were told of some; else those of Node. */
async function certificates(): Promise<string> {
  const cafile = await npm("config", "get", "cafile");
  const told = cafile === "null" || cafile === "" ? process.env["NODE_EXTRA_CA_CERTS"] : cafile;
  return told ? await readFile(told, "utf8") : rootCertificates.join("\n");
}
