import { Unavailable } from "../../contract.js";
import { fingerprintOf } from "../../fingerprint.js";
import { REFUSED_MS } from "../clamd/database.js";
import { readMountContent, readMounts, type MountContent, type Mounts } from "./mounts.js";
import { findRelaxation } from "./profile.js";
import type { ContainerEngine, Recipe } from "./recipe.js";

/** An engine's containers, replaced all together. */
export interface Deployment<T> {
  /** Throws {@link Unavailable} if nothing is deployed. */
  current(): T;
  /** What is deployed, if anything. */
  peek(): T | undefined;
  /** Deploys, if nothing is deployed. Throws {@link Unavailable}. */
  start(): Promise<void>;
  /**
   * Like {@link current}, but deploys anew if the folders that the containers mount have been replaced, or signatures in them.
   * What does not start leaves those that run as they are. Throws {@link Unavailable}.
   */
  refresh(): Promise<T>;
  /** What is wrong with the mounted signatures, and why newer containers do not start; a sentence each. */
  warnings(): readonly string[];
  /** Of the image and of what the containers see in their mounts. Null if that cannot be known. */
  fingerprint(): Promise<string | null>;
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
export function createDeployment<T extends { readonly recipe: Recipe }>(
  engine: ContainerEngine,
  { launch, retire, discard }: DeploymentOptions<T>,
): Deployment<T> {
  let deployed: { readonly value: T; readonly mounts: Mounts; readonly content: MountContent | null } | undefined;
  /** A daemon that outlives a sample may have read its files when it started. */
  const keepsProcesses = engine.run.mode === "service" || findRelaxation(engine.run.relax, "keepProcesses") === true;
  let seen: Mounts | undefined;
  let refused: { readonly mounts: Mounts; readonly at: number; readonly warning: string } | undefined;

  async function look(): Promise<Mounts> {
    const before = seen;
    seen = await readMounts(engine);
    for (const warning of seen.warnings) if (before?.warnings.includes(warning) !== true) engine.log.warn(warning);
    return seen;
  }

  async function deploy(mounts: Mounts) {
    const content = await readMountContent(engine, mounts);
    return { value: await launch(), mounts, content };
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
    async fingerprint() {
      const before = deployed;
      if (before === undefined) return null;
      const { recipe } = before.value;
      const mounts = await readMounts(engine);
      if (mounts.paths !== before.mounts.paths) return null;
      const now = await readMountContent(engine, mounts);
      if (now === null) return null;
      if ((keepsProcesses || now.hasFiles) && now.state !== before.content?.state) return null;
      // On another host the same path may lead to something else.
      if (recipe.docker.spoolHidden !== undefined && engine.run.mounts.length > 0) return null;
      return fingerprintOf([recipe.image, recipe.seccomp, now.state]);
    },
    clear() {
      const before = deployed?.value;
      deployed = undefined;
      refused = undefined;
      return before;
    },
  };
}

function isSame(one: Mounts, other: Mounts): boolean {
  return one.paths === other.paths && one.signatures === other.signatures;
}
