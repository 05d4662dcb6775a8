import type { EngineVersions } from "../../../schema/messages.js";
import { Failed, Unavailable, type RawOutput, type RunOptions, type Runner, type Sample } from "../../contract.js";
import { fillCommand } from "../fill-command.js";
import { mountFingerprint } from "./deployment.js";
import { createPool, type Pool } from "./pool.js";
import { SAMPLE_FOLDER } from "./profile.js";
import { readRecipe, type ContainerEngine, type Recipe } from "./recipe.js";
import { askVersions } from "./versions.js";
import { startWarm } from "./warm.js";

/** What is there while the engine works. */
interface Running {
  readonly recipe: Recipe;
  readonly pool: Pool;
  readonly versions: EngineVersions;
  /** What its mounts led to when it was started. */
  readonly mounts: string;
}

/** Runs a command per sample in one of several warm containers, each of which sees its own sample only. */
export function createExecRunner(engine: ContainerEngine, description: string): Runner {
  const { run, host, slots, log } = engine;
  const listeners: ((reason: string) => void)[] = [];
  let running: Running | undefined;
  let born = 0;

  host.onLost((reason) => {
    if (running === undefined) return;
    void close();
    for (const listener of listeners) listener(reason);
  });

  async function close(): Promise<void> {
    const old = running;
    running = undefined;
    await old?.pool.close();
  }

  async function launch(): Promise<Running> {
    const mounts = await mountFingerprint(engine);
    const recipe = await readRecipe(engine);
    checkFeed(recipe);
    const pool = createPool({
      size: slots + run.spares,
      scans: run.recycle.scans,
      afterMs: run.recycle.after,
      make: () => startWarm(engine, recipe, String(++born)),
      log,
    });
    try {
      return { recipe, pool, mounts, versions: await askVersions(pool, run) };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  async function start(): Promise<void> {
    if (running === undefined) running = await launch();
    else await host.daemon.ping();
  }

  /** What the containers mount leads elsewhere, e.g. to newer signatures: new ones take over. */
  async function followMounts(now: Running): Promise<Running> {
    if ((await mountFingerprint(engine)) === now.mounts) return now;
    log.info("what it mounts has changed: its containers are replaced");
    const next = await launch();
    if (running === now) {
      running = next;
      now.pool.retire();
    } else await next.pool.close();
    return current();
  }

  function current(): Running {
    if (running === undefined) throw new Unavailable("its containers have been ended");
    return running;
  }

  /** Whether samples can be given to it at all. */
  function checkFeed({ ready: { spoolHidden } }: Recipe): void {
    if (!engine.wantsBytes || run.stdin !== undefined || spoolHidden === undefined) return;
    throw new Unavailable(`samples cannot be shown to its containers: ${spoolHidden}`);
  }

  function commandFor({ recipe }: Running, sample: Sample): { command: string[]; input: string | undefined } {
    const values = { ...sample, file: `${SAMPLE_FOLDER}/${sample.sha256}` };
    const byFile = run.command !== undefined && (recipe.ready.spoolHidden === undefined || sample.path === null);
    if (byFile && run.command !== undefined)
      return { command: fillCommand(run.command, values, recipe.secrets), input: undefined };
    return { command: fillCommand(run.stdin ?? [], values, recipe.secrets), input: sample.path ?? undefined };
  }

  async function runSample(sample: Sample, { timeoutMs, signal, alone }: RunOptions): Promise<RawOutput> {
    const now = current();
    const warm = await now.pool.take(alone, signal);
    let good = false;
    try {
      warm.scans += 1;
      const hide = await warm.show(sample);
      try {
        const { command, input } = commandFor(now, sample);
        const raw = await warm.run(command, { timeoutMs, signal, input });
        good = !alone;
        return raw;
      } finally {
        await hide();
      }
    } catch (error) {
      // Its containers were ended under it: that says nothing of the sample.
      if (error instanceof Failed && running === undefined)
        throw new Unavailable("its containers have been ended", { cause: error });
      throw error;
    } finally {
      now.pool.give(warm, good);
    }
  }

  return {
    description,
    start,
    async versions() {
      await host.daemon.ping();
      return (await followMounts(current())).versions;
    },
    image: () => running?.recipe.image ?? null,
    run: runSample,
    stop: close,
    onLost: (listener) => void listeners.push(listener),
  };
}
