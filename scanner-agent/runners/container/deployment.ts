import { realpath } from "node:fs/promises";
import { hasCode, Unavailable } from "../../contract.js";
import type { ContainerEngine } from "./recipe.js";

/** An engine's containers, replaced all together. */
export interface Deployment<T> {
  /** Throws {@link Unavailable} if nothing is deployed. */
  current(): T;
  /** What is deployed, if anything. */
  peek(): T | undefined;
  /** Deploys, if nothing is deployed. Throws {@link Unavailable}. */
  start(): Promise<void>;
  /** Like {@link current}, but deploys anew if the folders that the containers mount have been replaced. Throws {@link Unavailable}. */
  refresh(): Promise<T>;
  /** Nothing is deployed any more; what was is the caller's to end. */
  clear(): T | undefined;
}

/** How containers are deployed. */
export interface DeploymentOptions<T> {
  readonly launch: () => Promise<T>;
  /** Gives no more samples to containers that have been replaced, and ends them when they are done. */
  readonly retire: (old: T) => void;
  /** Ends containers that were launched and are not needed. */
  readonly discard: (unused: T) => Promise<void>;
}

/** Nothing is deployed yet. */
export function createDeployment<T extends object>(
  engine: ContainerEngine,
  { launch, retire, discard }: DeploymentOptions<T>,
): Deployment<T> {
  let deployed: { readonly value: T; readonly mounts: string } | undefined;

  async function deploy() {
    const mounts = await mountFingerprint(engine);
    return { value: await launch(), mounts };
  }

  function current(): T {
    if (deployed === undefined) throw new Unavailable("its containers have been ended");
    return deployed.value;
  }

  return {
    current,
    peek: () => deployed?.value,
    async start() {
      deployed ??= await deploy();
    },
    async refresh() {
      const before = deployed;
      if (before === undefined || (await mountFingerprint(engine)) === before.mounts) return current();
      engine.log.info("a mounted folder was replaced; replacing the containers");
      const next = await deploy();
      if (deployed === before) {
        deployed = next;
        retire(before.value);
      } else await discard(next.value);
      return current();
    },
    clear() {
      const before = deployed?.value;
      deployed = undefined;
      return before;
    },
  };
}

/**
 * What an engine's mounts lead to now, as far as the agent sees it. A container keeps the folder that a path named when it was
 * made; where another folder takes the path over, as with updated signatures, only a new container sees it.
 */
async function mountFingerprint({ run, clamavDb }: ContainerEngine): Promise<string> {
  const paths = run.mounts.map(({ from }) => from.replace("{clamav-db}", clamavDb));
  return (await Promise.all(paths.map(resolvePath))).join("\n");
}

/** A path of the Docker host that the agent does not see stands for itself. */
async function resolvePath(path: string): Promise<string> {
  try {
    return path.startsWith("/") ? await realpath(path) : path;
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "ENOTDIR")) return path;
    throw error;
  }
}
