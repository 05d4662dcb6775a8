import { realpath } from "node:fs/promises";
import { hasCode, Unavailable } from "../../contract.js";
import { findSignatures, REFUSED_MS } from "../clamd/database.js";
import type { ContainerEngine } from "./recipe.js";

const CLAMAV_DB = "{clamav-db}";

/** An engine's containers, replaced all together. */
export interface Deployment<T> {
  /** Throws {@link Unavailable} if nothing is deployed. */
  current(): T;
  /** What is deployed, if anything. */
  peek(): T | undefined;
  /** Deploys, if nothing is deployed. Throws {@link Unavailable}. */
  start(): Promise<void>;
  /**
   * Like {@link current}, but deploys anew if the folders that the containers mount have been replaced, or signatures in them. What
   * does not start leaves those that run as they are. Throws {@link Unavailable}.
   */
  refresh(): Promise<T>;
  /** What is wrong with the mounted signatures, and why newer containers do not start; a sentence each. */
  warnings(): readonly string[];
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
  let deployed: { readonly value: T; readonly mounts: Mounts } | undefined;
  let seen: Mounts | undefined;
  let refused: { readonly mounts: Mounts; readonly at: number; readonly warning: string } | undefined;

  async function look(): Promise<Mounts> {
    const before = seen;
    seen = await readMounts(engine);
    for (const warning of seen.warnings) if (before?.warnings.includes(warning) !== true) engine.log.warn(warning);
    return seen;
  }

  async function deploy(mounts: Mounts) {
    return { value: await launch(), mounts };
  }

  function current(): T {
    if (deployed === undefined) throw new Unavailable("its containers have been ended");
    return deployed.value;
  }

  /** Signatures that are being written to are left until they are written. */
  function isToBeDeployed(running: Mounts, before: Mounts | undefined, now: Mounts): boolean {
    if (isSame(now, running) || (now.paths === running.paths && now.signatures !== before?.signatures)) return false;
    return refused === undefined || !isSame(refused.mounts, now) || performance.now() - refused.at > REFUSED_MS;
  }

  async function replace(running: NonNullable<typeof deployed>, mounts: Mounts): Promise<void> {
    engine.log.info("what its containers mount was replaced; replacing the containers");
    try {
      const next = await deploy(mounts);
      refused = undefined;
      if (deployed === running) {
        deployed = next;
        retire(running.value);
      } else await discard(next.value);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const warning = `${engine.name} keeps serving as it is; it would not start again: ${error.message}`;
      engine.log.warn(warning);
      refused = { mounts, at: performance.now(), warning };
    }
  }

  return {
    current,
    peek: () => deployed?.value,
    async start() {
      deployed ??= await deploy(await look());
    },
    async refresh() {
      const running = deployed;
      if (running === undefined) return current();
      const before = seen;
      const now = await look();
      if (isSame(now, running.mounts)) refused = undefined;
      else if (isToBeDeployed(running.mounts, before, now)) await replace(running, now);
      return current();
    },
    warnings: () => [...(seen?.warnings ?? []), ...(refused === undefined ? [] : [refused.warning])],
    clear() {
      const before = deployed?.value;
      deployed = undefined;
      refused = undefined;
      return before;
    },
  };
}

/** What an engine's mounts lead to, as far as the agent sees it. */
interface Mounts {
  /**
   * A container keeps the folder that a path named when it was made; where another folder takes the path over, as with updated
   * signatures, only a new container sees it.
   */
  readonly paths: string;
  /** The files of ClamAV's signatures: clamd in a container reads them once, when it starts. */
  readonly signatures: string;
  readonly warnings: readonly string[];
}

function isSame(one: Mounts, other: Mounts): boolean {
  return one.paths === other.paths && one.signatures === other.signatures;
}

async function readMounts({ run, clamavDb }: ContainerEngine): Promise<Mounts> {
  const paths = await Promise.all(run.mounts.map(({ from }) => resolvePath(from.replace(CLAMAV_DB, clamavDb))));
  const { state, warnings } = run.mounts.some(({ from }) => from === CLAMAV_DB)
    ? await lookAtSignatures(clamavDb)
    : { state: "", warnings: [] };
  return { paths: paths.join("\n"), signatures: state, warnings };
}

/** The agent may not see the Docker host's folder, and then has nothing to say of it. */
async function lookAtSignatures(folder: string): Promise<{ state: string; warnings: readonly string[] }> {
  try {
    return await findSignatures(folder);
  } catch (error) {
    if (error instanceof Unavailable) return { state: "", warnings: [] };
    throw error;
  }
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
