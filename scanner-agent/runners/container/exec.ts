import type { ContainerRun } from "../../../schema/container-run.js";
import type { EngineVersions } from "../../../schema/engine-versions.js";
import type { ImageIdentity } from "../../../schema/image-identity.js";
import {
  Failed,
  NO_VERSIONS,
  reasonOf,
  Unavailable,
  type Instance,
  type RawOutput,
  type RunOptions,
  type Runner,
  type Sample,
} from "../../contract.js";
import { NEVER_ABORTED, within } from "../../within.js";
import { readDate } from "../../parsers/date.js";
import { fillCommand } from "../fill-command.js";
import { followVersions, type FollowedVersions } from "../versions.js";
import { createDeployment } from "./deployment.js";
import { readMountContent, readMounts } from "./mounts.js";
import { createPool, type Pool } from "./pool.js";
import { findRelaxation, SAMPLE_FOLDER } from "./profile.js";
import { prepareRecipe, type ContainerEngine, type Recipe } from "./recipe.js";
import { startWarmContainer, type WarmContainer } from "./warm-container.js";

const VERSION_TIMEOUT_MS = 30_000;

/** The engine's containers. */
interface Running {
  readonly recipe: Recipe;
  readonly pool: Pool;
  readonly versions: FollowedVersions;
  /** Whether something in their mounts that the agent does not see may change the versions. */
  readonly mayHaveChanged: boolean;
}

/** Runs a command for each sample in one of several warm containers, each of which sees only its own sample. */
export function createExecRunner(engine: ContainerEngine, description: string): Runner {
  const { run, host, slots, log } = engine;
  const listeners: ((reason: string) => void)[] = [];
  const deployment = createDeployment<Running>(engine, {
    launch,
    retire: ({ pool }) => pool.retire(),
    discard: ({ pool }) => pool.close(),
  });

  host.onLost((reason) => {
    if (deployment.peek() === undefined) return;
    void stop();
    for (const listener of listeners) listener(reason);
  });

  async function stop(): Promise<void> {
    await deployment.clear()?.pool.close();
  }

  async function launch(): Promise<Running> {
    const recipe = await prepareRecipe(engine);
    requireInput(recipe);
    const pool = createPool({
      size: slots + run.spares,
      scans: run.recycle.scans,
      afterMs: run.recycle.after,
      make: () => startWarmContainer(engine, recipe, host.nextSlot()),
      log,
    });
    try {
      return { recipe, pool, ...(await followPool(engine, pool, recipe.image)) };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Throws {@link Unavailable} if samples cannot be passed to its containers. */
  function requireInput({ docker: { spoolHidden } }: Recipe): void {
    if (!engine.wantsBytes || run.stdin !== undefined || spoolHidden === undefined) return;
    throw new Unavailable(`samples cannot be shown to its containers: ${spoolHidden}`);
  }

  /** The command reads the sample's file where containers see the spool, and else its standard input. */
  function commandFor({ recipe }: Running, sample: Sample): { command: string[]; input: string | undefined } {
    const { docker, secrets } = recipe;
    const values = { hashes: sample, file: `${SAMPLE_FOLDER}/${sample.sha256}`, secrets };
    if (run.command !== undefined && (docker.spoolHidden === undefined || sample.path === null))
      return { command: fillCommand(run.command, values), input: undefined };
    return { command: fillCommand(run.stdin ?? [], values), input: sample.path ?? undefined };
  }

  /** Waits for a container; if these containers are replaced meanwhile, for one of the new ones. */
  async function take(options: RunOptions): Promise<{ running: Running; warm: WarmContainer; by: Instance }> {
    const running = deployment.current();
    try {
      const by = await within(options.timeoutMs, running.versions.current(), options.signal);
      return { running, by, warm: await running.pool.take(options.alone, options.signal) };
    } catch (error) {
      const now = deployment.peek();
      if (!(error instanceof Unavailable) || now === undefined || now === running) throw error;
      return await take(options);
    }
  }

  async function runSample(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const { timeoutMs, signal, alone, onStart } = options;
    const { running, warm, by } = await take(options);
    onStart?.(by);
    let reusable = false;
    try {
      warm.scans += 1;
      const hide = await warm.placeSample(sample);
      try {
        const { command, input } = commandFor(running, sample);
        const raw = await warm.run(command, { timeoutMs, signal, input });
        reusable = !alone;
        return raw;
      } finally {
        await hide();
      }
    } catch (error) {
      // The agent ended the container during the scan, which says nothing about the sample.
      if (error instanceof Failed && deployment.peek() === undefined)
        throw new Unavailable("its containers have been ended", { cause: error });
      throw error;
    } finally {
      running.pool.give(warm, reusable);
    }
  }

  return {
    description,
    async start() {
      if (deployment.peek() === undefined) await deployment.start();
      else await host.daemon.ping();
    },
    async versions() {
      await host.daemon.ping();
      const { versions, mayHaveChanged } = await deployment.refresh();
      return (await (mayHaveChanged ? versions.ask() : versions.current())).versions;
    },
    image: () => deployment.peek()?.recipe.image ?? null,
    warnings: deployment.warnings,
    fingerprint: deployment.fingerprint,
    run: runSample,
    stop,
    onLost: (listener) => void listeners.push(listener),
  };
}

/**
 * The versions of a pool's containers, which files in their mounts may change. Where containers keep the files that they found, a new
 * container would report other versions than the old ones: the versions are unknown then, until all containers are replaced.
 */
async function followPool(engine: ContainerEngine, pool: Pool, image: ImageIdentity) {
  const { run } = engine;
  const content = await readMountContent(engine, await readMounts(engine));
  const areKept = content?.hasFiles === true || findRelaxation(run.relax, "keepProcesses") === true;
  let isAsked = false;
  const versions = followVersions({
    state: async () =>
      run.mounts.length === 0 ? "" : ((await readMountContent(engine, await readMounts(engine)))?.state ?? null),
    async read() {
      if (isAsked && areKept) return NO_VERSIONS;
      isAsked = true;
      return await askVersions(pool, run);
    },
    image,
  });
  await versions.current();
  return { versions, mayHaveChanged: content === null && !areKept };
}

/** Asks an engine for its versions in a container that has had no sample. Throws {@link Unavailable}. */
async function askVersions(pool: Pool, { version, updated }: ContainerRun): Promise<EngineVersions> {
  const warm = await pool.take(true, NEVER_ABORTED);
  let reusable = false;
  try {
    const engine = await readFirstLine(warm, version);
    const signatures = await readFirstLine(warm, updated);
    reusable = true;
    return { engine, signatures, signatureDate: signatures === null ? null : readDate(signatures) };
  } finally {
    pool.give(warm, reusable);
  }
}

async function readFirstLine(warm: WarmContainer, command: readonly string[] | undefined): Promise<string | null> {
  if (command === undefined) return null;
  try {
    const { stdout } = await warm.run(command, { timeoutMs: VERSION_TIMEOUT_MS, signal: NEVER_ABORTED });
    return stdout.split("\n", 1)[0]?.trim().slice(0, 200) || null;
  } catch (cause) {
    if (cause instanceof Unavailable) throw cause;
    throw new Unavailable(`${command.join(" ")} does not print a version: ${reasonOf(cause)}`, { cause });
  }
}
