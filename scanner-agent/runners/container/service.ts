import type { EngineVersions } from "../../../schema/messages.js";
import {
  Cancelled,
  Failed,
  TimedOut,
  Unavailable,
  type RawOutput,
  type RunOptions,
  type Runner,
  type Sample,
} from "../../contract.js";
import { createGate } from "../gate.js";
import { outlasted, within } from "../../within.js";
import { HungUp } from "../clamd/protocol.js";
import { readRecipe, type ContainerEngine, type Recipe } from "./recipe.js";
import { startDaemonContainer, type DaemonContainer } from "./service-container.js";
import { mountFingerprint } from "./deployment.js";

/** What is there while the engine works. */
interface Running {
  readonly recipe: Recipe;
  readonly service: DaemonContainer;
  /** What its mounts led to when it was started. */
  readonly mounts: string;
  /** Samples it has now. */
  readonly samples: Set<Occupant>;
}

/** A sample in the service; `shared` if another was there at the same time. */
interface Occupant {
  shared: boolean;
}

/** Runs samples through one long-lived container that is spoken to over its socket or port. */
export function createServiceRunner(engine: ContainerEngine, description: string): Runner {
  const { host, log } = engine;
  const gate = createGate();
  const listeners: ((reason: string) => void)[] = [];
  let running: Running | undefined;
  let born = 0;

  host.onLost((reason) => lose(reason));

  /** It is gone, or must go: the engine takes no work until there is another. */
  function lose(reason: string): void {
    const old = running;
    if (old === undefined) return;
    running = undefined;
    void discard(old);
    for (const listener of listeners) listener(reason);
  }

  async function discard({ service }: Running): Promise<void> {
    try {
      await service.discard();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log.warn({ reason: error.message }, "a container may be left; it is removed at the next start");
    }
  }

  async function launch(): Promise<Running> {
    const mounts = await mountFingerprint(engine);
    const recipe = await readRecipe(engine);
    const service = await startDaemonContainer(engine, recipe, String(++born));
    const started: Running = { recipe, service, mounts, samples: new Set() };
    void service.ended.then((words) => {
      if (running === started) lose(`its container ended: ${words}`);
    });
    return started;
  }

  async function start(): Promise<void> {
    if (running !== undefined && (await running.service.isAnswering())) return;
    lose("it does not answer");
    running = await launch();
  }

  /** What it mounts leads elsewhere, e.g. to newer signatures: a new container takes over, and the old one ends when it is idle. */
  async function followMounts(now: Running): Promise<Running> {
    if ((await mountFingerprint(engine)) === now.mounts) return now;
    log.info("what it mounts has changed: its container is replaced");
    const next = await launch();
    if (running !== now) {
      await discard(next);
      return current();
    }
    running = next;
    if (now.samples.size === 0) void discard(now);
    return next;
  }

  function current(): Running {
    if (running === undefined) throw new Unavailable("its container has been ended");
    return running;
  }

  async function runSample(sample: Sample, options: RunOptions): Promise<RawOutput> {
    const leave = await gate.enter(options.alone);
    try {
      return await occupy(current(), sample, options);
    } finally {
      leave();
    }
  }

  async function occupy(on: Running, sample: Sample, options: RunOptions): Promise<RawOutput> {
    const mine: Occupant = { shared: on.samples.size > 0 };
    for (const other of on.samples) other.shared = true;
    on.samples.add(mine);
    try {
      return await converse(on, sample, options);
    } catch (error) {
      // If it ended by itself while it had this sample only, the sample ended it; else each may be innocent.
      const ended = error instanceof HungUp && (await on.service.endedByItself());
      if (ended && !mine.shared) throw new Failed("its container ended while it scanned the sample", { cause: error });
      throw error;
    } finally {
      on.samples.delete(mine);
      if (running !== on && on.samples.size === 0) void discard(on);
    }
  }

  async function converse(on: Running, sample: Sample, { timeoutMs, signal }: RunOptions): Promise<RawOutput> {
    const conversation = on.service.scan(sample);
    const end = performance.now() + timeoutMs;
    try {
      return { exitCode: 0, stdout: await within(timeoutMs, conversation.reply, signal), stderr: "" };
    } catch (error) {
      // A service serves others too: a sample that nobody wants any more is let run to its end, and no further than that.
      const cancelled = error instanceof Cancelled;
      const late = cancelled ? await outlasted(end - performance.now(), conversation.reply) : error;
      if (late instanceof TimedOut) {
        // Nothing less than its end makes it stop; that the daemon does it is what makes this the engine's own fault.
        if (running === on) running = undefined;
        await on.service.discard();
        for (const listener of listeners) listener(`it was ended: ${late.message}`);
      }
      throw error;
    } finally {
      conversation.hangUp();
    }
  }

  return {
    description,
    start,
    async versions(): Promise<EngineVersions> {
      const now = await followMounts(current());
      return now.service.versions();
    },
    image: () => running?.recipe.image ?? null,
    run: runSample,
    async stop() {
      const old = running;
      running = undefined;
      if (old !== undefined) await discard(old);
    },
    onLost: (listener) => void listeners.push(listener),
  };
}
