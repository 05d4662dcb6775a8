import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type Docker from "dockerode";
import type { Logger } from "pino";
import type { ContainerRun } from "../../../schema/container-run.js";
import type { ImageIdentity } from "../../../schema/image-identity.js";
import { hasCode, reasonOf, Unavailable } from "../../contract.js";
import type { ContainerHost, PreparedHost } from "./host.js";
import { findImage } from "./image.js";
import { ownerLabels } from "./resources.js";
import { bind, findRelaxation, toMount, hardenedProfile } from "./profile.js";

/** An engine as the container runners know it. */
export interface ContainerEngine {
  readonly name: string;
  readonly run: ContainerRun;
  /** Whether it needs the sample's bytes, and not only its hashes. */
  readonly wantsBytes: boolean;
  readonly slots: number;
  /** The manifest's file; relative paths in it are relative to its folder. */
  readonly file: string;
  /** Folder of ClamAV's signatures on the Docker host. */
  readonly clamavDb: string;
  /** What is in it, if nobody changes that; undefined: what its files say. */
  readonly clamavState?: string | undefined;
  /** Folder of the secrets, a file each. */
  readonly secretsFolder: string;
  readonly host: ContainerHost;
  readonly log: Logger;
}

/** What an engine's containers are created from. */
export interface Recipe {
  readonly docker: PreparedHost;
  readonly image: ImageIdentity;
  /** The text of the engine's own seccomp profile. */
  readonly seccomp: string | undefined;
  /** The engine's private folder. */
  readonly folder: string;
  /** Secrets by name, for commands. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Creates a container and does not start it. Throws {@link Unavailable}. */
  create(slot: string, extras: ContainerExtras): Promise<Docker.Container>;
}

/** What one container has beyond the profile. */
export type ContainerExtras = Pick<Docker.ContainerCreateOptions, "Entrypoint" | "Cmd"> & {
  readonly mounts: readonly Docker.MountSettings[];
};

/** Finds what an engine's containers need. Throws {@link Unavailable} that says what is missing. */
export async function prepareRecipe(engine: ContainerEngine): Promise<Recipe> {
  const { name, run, host, log } = engine;
  const prepared = await host.prepare();
  const folder = join(host.folder, name.toLowerCase());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { values, mounts, env } = await readSecrets(engine, folder);
  const image = await findImage(host.daemon, run.image, log);
  const seccomp = await readSeccomp(engine);
  const own = run.mounts.map(({ from, at }) => toMount(from.replace("{clamav-db}", engine.clamavDb), at));
  return {
    docker: prepared,
    image,
    seccomp,
    folder,
    secrets: values,
    create: (slot, { mounts: more, ...rest }) =>
      host.daemon.ask("create a container", (docker, abortSignal) =>
        docker.createContainer({
          ...hardenedProfile(run, {
            image: image.id,
            labels: ownerLabels({ ...host.owner, engine: name, slot, lease: prepared.lease }),
            network: prepared.network,
            mounts: [...own, ...mounts, ...more],
            env,
            seccomp,
            processors: prepared.processors,
          }),
          ...rest,
          abortSignal,
        }),
      ),
  };
}

async function readSecrets({ run, secretsFolder }: ContainerEngine, folder: string) {
  const values: Record<string, string> = {};
  const mounts: Docker.MountSettings[] = [];
  const env: Record<string, string> = {};
  for (const [name, use] of Object.entries(run.secrets)) {
    const value = await readSecret(join(secretsFolder, name), name);
    values[name] = value;
    if (use !== null && "env" in use) env[use.env] = value;
    if (use !== null && "file" in use) {
      // The daemon may not see the folder of the secrets, but it sees the agent's.
      const copy = join(folder, `secret-${name}`);
      await writeFile(copy, value);
      await chmod(copy, 0o444);
      mounts.push(bind(copy, use.file));
    }
  }
  return { values, mounts, env };
}

async function readSecret(file: string, name: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trimEnd();
  } catch (error) {
    const reason = hasCode(error, "ENOENT") ? "there is no such file" : reasonOf(error);
    throw new Unavailable(`the secret ${name} is missing: put it into ${file} (${reason})`, { cause: error });
  }
}

async function readSeccomp({ run, file }: ContainerEngine): Promise<string | undefined> {
  const profile = findRelaxation(run.relax, "seccomp");
  if (profile === undefined) return undefined;
  const path = resolve(dirname(file), profile);
  try {
    return JSON.stringify(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new Unavailable(`cannot read its seccomp profile ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
