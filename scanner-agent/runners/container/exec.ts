import type { ContainerRun } from "../../../schema/container-run.js";
import type { EngineVersions } from "../../../schema/messages.js";
import { Failed, reasonOf, Unavailable, type RawOutput, type RunOptions, type Runner, type Sample } from "../../contract.js";
import { NEVER_ABORTED } from "../../within.js";
import { readDate } from "../../parsers/date.js";
import { fillCommand } from "../fill-command.js";
import { createDeployment } from "./deployment.js";
import { createPool, type Pool } from "./pool.js";
import { SAMPLE_FOLDER } from "./profile.js";
import { prepareRecipe, type ContainerEngine, type Recipe } from "./recipe.js";
import { startWarmContainer, type WarmContainer } from "./warm-container.js";

const VERSION_TIMEOUT_MS = 30_000;

/** The engine's containers. */
interface Running {
  readonly recipe: Recipe;
  readonly pool: Pool;
  readonly versions: EngineVersions;
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
  let started = 0;

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
      make: () => startWarmContainer(engine, recipe, String(++started)),
      log,
    });
    try {
      return { recipe, pool, versions: await askVersions(pool, run) };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Throws {@link Unavailable} if there is no way to give samples to its containers. */
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

  async function runSample(sample: Sample, { timeoutMs, signal, alone }: RunOptions): Promise<RawOutput> {
    const running = deployment.current();
    const warm = await running.pool.take(alone, signal);
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
      return (await deployment.refresh()).versions;
    },
    image: () => deployment.peek()?.recipe.image ?? null,
    warnings: deployment.warnings,
    fingerprint: deployment.fingerprint,
    run: runSample,
    stop,
    onLost: (listener) => void listeners.push(listener),
  };
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
