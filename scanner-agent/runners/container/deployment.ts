import { Unavailable } from "../../contract.js";
import { fingerprintOf } from "../fingerprint.js";
import { REFUSED_MS } from "../clamd/database.js";
import { inspectImage } from "./image.js";
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
   * Like {@link current}, but deploys anew if the image's name now stands for another image, or if mounted folders were replaced, or files
   * in them that containers keep open. If the new containers do not start, the running ones stay. Throws {@link Unavailable}.
   */
  refresh(): Promise<T>;
  /** What is wrong with the mounted signatures, and why newer containers do not start; a sentence each. */
  warnings(): readonly string[];
  /** Of the image and of what the containers see in their mounts. Null if that cannot be known. */
  fingerprint(): Promise<string | null>;
  /** Forgets what is deployed; the caller must end it. */
  clear(): T | undefined;
}

/** What containers are made of. */
interface Sources extends Mounts {
  /** The image's id; empty for what is not deployed yet. */
  readonly image: string;
  /** The content of the mounts, as far as containers keep what they found at their start. */
  readonly kept: string;
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
  let deployed: { readonly value: T; readonly sources: Sources; readonly content: MountContent | null } | undefined;
  /** A daemon that lives longer than one sample may have read its files when it started. */
  const keepsProcesses = engine.run.mode === "service" || findRelaxation(engine.run.relax, "keepProcesses") === true;
  let seen: Sources | undefined;
  let refused: { readonly sources: Sources; readonly at: number; readonly warning: string } | undefined;

  async function look(image: string): Promise<Sources> {
    const before = seen;
    const mounts = await readMounts(engine);
    const content = engine.run.mode === "exec" ? await readMountContent(engine, mounts) : null;
    seen = { ...mounts, image, kept: content !== null && keepsFiles(content) ? content.state : "" };
    for (const warning of seen.warnings) if (before?.warnings.includes(warning) !== true) engine.log.warn(warning);
    return seen;
  }

  function keepsFiles(content: MountContent): boolean {
    return keepsProcesses || content.hasFiles;
  }

  /** The id of the image that its name stands for, if that can be told, else of the one that runs. */
  async function findImage({ value: { recipe } }: NonNullable<typeof deployed>): Promise<string> {
    try {
      return (await inspectImage(engine.host.daemon, engine.run.image))?.id ?? recipe.image.id;
    } catch (error) {
      if (error instanceof Unavailable) return recipe.image.id;
      throw error;
    }
  }

  async function deploy(sources: Sources) {
    const content = await readMountContent(engine, sources);
    const value = await launch();
    return { value, sources: { ...sources, image: value.recipe.image.id }, content };
  }

  function current(): T {
    if (deployed === undefined) throw new Unavailable("its containers have been ended");
    return deployed.value;
  }

  /** Files that are still being written are left until they are complete. */
  function isToBeDeployed(running: Sources, before: Sources | undefined, now: Sources): boolean {
    if (isSame(now, running)) return false;
    const isWritten = now.signatures === before?.signatures && now.kept === before.kept;
    if (now.paths === running.paths && !isWritten) return false;
    return refused === undefined || !isSame(refused.sources, now) || performance.now() - refused.at > REFUSED_MS;
  }

  async function replace(running: NonNullable<typeof deployed>, sources: Sources): Promise<void> {
    const what = sources.image === running.sources.image ? "what its containers mount was replaced" : "its image is another now";
    engine.log.info(`${what}; replacing the containers`);
    try {
      const next = await deploy(sources);
      refused = undefined;
      if (deployed === running) {
        deployed = next;
        retire(running.value);
      } else await discard(next.value);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const warning = `${engine.name} keeps serving as it is; it would not start again: ${error.message}`;
      engine.log.warn(warning);
      refused = { sources, at: performance.now(), warning };
    }
  }

  return {
    current,
    peek: () => deployed?.value,
    async start() {
      deployed ??= await deploy(await look(""));
    },
    async refresh() {
      const running = deployed;
      if (running === undefined) return current();
      const before = seen;
      const now = await look(await findImage(running));
      if (isSame(now, running.sources)) refused = undefined;
      else if (isToBeDeployed(running.sources, before, now)) await replace(running, now);
      return current();
    },
    warnings: () => [...(seen?.warnings ?? []), ...(refused === undefined ? [] : [refused.warning])],
    async fingerprint() {
      const before = deployed;
      if (before === undefined) return null;
      const { recipe } = before.value;
      const mounts = await readMounts(engine);
      if (mounts.paths !== before.sources.paths) return null;
      const now = await readMountContent(engine, mounts);
      if (now === null) return null;
      if (keepsFiles(now) && now.state !== before.content?.state) return null;
      // On another host the same path may be something else.
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

function isSame(one: Sources, other: Sources): boolean {
  return (["image", "paths", "signatures", "kept"] as const).every((part) => one[part] === other[part]);
}
