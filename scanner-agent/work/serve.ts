/** Obeys orders to serve bundles: fetches them, tries them out, and has them take the place of what serves. */

import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import type { EnginesBundles } from "../../schema/bundle-presence.js";
import type { ServedBundles } from "../../schema/bundle.js";
import type { Manifest } from "../../schema/manifest.js";
import { engineToken } from "../../schema/subjects.js";
import { BundleError } from "../bundles/bundle-error.js";
import type { BundleImages } from "../bundles/bundle-images.js";
import type { BundleStore } from "../bundles/bundle-store.js";
import { areSame, type Provision } from "../bundles/provision.js";
import type { ServedByEngine } from "../bundles/served.js";
import { reasonOf, Unavailable } from "../contract.js";
import type { MemoryRoom } from "../engine/memory.js";
import { EngineStopped, type SwitchingEngine } from "../engine/switching-engine.js";
import type { SelfTest } from "../engine/self-test.js";
import type { Trial } from "../engine/trial.js";
import { awaitEnd } from "../within.js";
import { createServedLines, servingOf, type Line } from "./served-lines.js";
import { bring, SOURCE_AWAY_MS, tryOut, type Order, type Step } from "./try-out.js";

const PROVEN_LOOK_MS = 200;
/** The longest that stopping waits for what is under way. */
const STOP_MS = 10_000;

/** An order has come that makes this one void. */
class Superseded extends Error {}

/** What the engines of this agent serve of the mesh's bundles. */
export interface BundleServer {
  /** Reads what was served last, before engines are made. */
  restore(): Promise<void>;
  /** What an engine is to be made of. */
  provisionOf(manifest: Manifest): Provision | null;
  /** Has an engine that does not work with what was served last use what its host has; called when its health has changed. */
  check(name: string): void;
  take(order: Order): void;
  /** Undefined for an engine that takes no bundles. */
  presence(engine: SwitchingEngine): EnginesBundles | undefined;
  stop(): Promise<void>;
}

/** What orders act on. */
export interface BundleServerOptions {
  readonly store: BundleStore;
  readonly images: BundleImages;
  readonly engines: () => readonly SwitchingEngine[];
  readonly trial: Trial;
  /** What every engine must pass. */
  readonly selfTest: SelfTest;
  readonly memory: MemoryRoom;
  readonly onChange: () => void;
  readonly log: Logger;
  /** How long a registry may be away, and how long stopping waits; for tests. */
  readonly sourceAwayMs?: number | undefined;
  readonly stopMs?: number | undefined;
}

/** Nothing is served yet but what hosts have. */
export function createBundleServer(options: BundleServerOptions): BundleServer {
  const { store, images, engines, memory, log, sourceAwayMs = SOURCE_AWAY_MS, stopMs = STOP_MS } = options;
  const lines = createServedLines({ store, onChange: options.onChange, log });
  const { tell, save } = lines;
  const stopping = createAbortController();

  /** Another agent of this host may hold its lock for long. */
  async function tidy(signal: AbortSignal): Promise<void> {
    try {
      await store.tidy(signal);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, "Cannot remove bundles that nobody needs");
    }
  }

  function find(token: string): SwitchingEngine | undefined {
    return engines().find(({ manifest }) => engineToken(manifest.name) === token);
  }

  async function carryOut(line: Line, order: Order, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { engine, bundles } = order;
    const isServed = areSame(bundles, servingOf(line));
    try {
      await save();
      if (isServed && (await isWell(line, order, signal))) tell(line, { state: "SERVING", reason: null });
      else await serve(line, order, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable || error instanceof BundleError))
        log.error({ err: error }, "An update failed unexpectedly");
      log.warn({ engine, reason: reasonOf(error) }, "The engine keeps serving what it has: an update failed");
      tell(line, failedBy(error));
      return isServed ? await useOwn(line, engineToken(engine), signal) : undefined;
    }
    await tidy(signal);
  }

  /** Whether it works with what it serves, as far as that is the bundles' matter. */
  async function isWell(line: Line, { engine }: Order, signal: AbortSignal): Promise<boolean> {
    if (line.isUnproven) tell(line, { state: "WAITING", reason: "the engine is tested with what it served last" });
    while (line.isUnproven) await pause(PROVEN_LOOK_MS, undefined, { signal });
    return line.provision === null || find(engineToken(engine))?.presence().cause !== "FAULT";
  }

  async function serve(line: Line, order: Order, signal: AbortSignal): Promise<void> {
    const progress = { signal, tell: (step: Step) => tell(line, step) };
    const onBytes = (bytes: number, total: number) => (line.told = { ...line.told, bytes, total });
    const provision = order.bundles.length === 0 ? null : await bring(order, { ...progress, store, onBytes, sourceAwayMs });
    const own = () => find(engineToken(order.engine));
    const onServing = (failure?: unknown) => {
      if (failure === undefined) {
        if (!areSame(order.bundles, servingOf(line))) line.previous = servingOf(line);
        [line.provision, line.isUnproven] = [provision, false];
      }
      if (!signal.aborted) tell(line, failure === undefined ? { state: "SERVING", reason: null } : failedBy(failure));
    };
    await tryOut(order, provision, { ...progress, find: own, memory, trial: options.trial(provision), log, onServing });
    await save();
  }

  async function recall(line: Line, bundles: ServedBundles): Promise<void> {
    const provision = await store.recall(bundles, stopping.signal);
    if (provision.image !== null && !(await hasImage(provision.image)))
      throw new BundleError(`its image ${provision.image.reference} is not on this Docker host any more`);
    // A mesh that wants something else by now sees that it must say so.
    [line.provision, line.target, line.isUnproven] = [provision, bundles, true];
  }

  async function hasImage(image: NonNullable<Provision["image"]>): Promise<boolean> {
    try {
      return await images.has(image);
    } catch (error) {
      // Docker is away: that is found out when the engine is started.
      if (error instanceof Unavailable) return true;
      throw error;
    }
  }

  async function useOwn(line: Line, token: string, signal: AbortSignal): Promise<void> {
    const engine = find(token);
    const { reason, cause } = engine?.presence() ?? {};
    if (engine === undefined || line.provision === null || cause !== "FAULT" || signal.aborted) return;
    const why = `what it served last does not work any more (${reason})`;
    const onServing = (failure?: unknown) => {
      if (failure !== undefined) return;
      [line.previous, line.provision, line.target] = [servingOf(line), null, line.order?.bundles ?? null];
      tell(line, { state: "FAILED", reason: `${why}: it serves what its host has` });
    };
    try {
      await engine.switchTo?.(null, { beside: false, trial: options.selfTest, signal, onServing });
      await save();
      await tidy(signal);
    } catch (error) {
      if (signal.aborted) return;
      // It is set otherwise, or off: what takes its place is tested anew.
      if (error instanceof EngineStopped) line.isUnproven = true;
      else tell(line, { state: "FAILED", reason: `${why}, and what its host has does not work either (${reasonOf(error)})` });
    }
  }

  function begin(line: Line, work: (signal: AbortSignal) => Promise<void>): void {
    line.ending?.abort(new Superseded("the mesh orders something else"));
    line.ending = createAbortController();
    queue(line, line.ending.signal, work);
  }

  function queue(line: Line, ending: AbortSignal, work: (signal: AbortSignal) => Promise<void>): void {
    const signal = AbortSignal.any([ending, stopping.signal]);
    line.work = line.work.then(() => work(signal));
  }

  async function readServed(): Promise<ServedByEngine> {
    try {
      await store.touch();
      return await store.readServed();
    } catch (error) {
      // An agent that did not start would serve nothing at all.
      log.error({ err: error }, "What engines served last is lost; they use what their host has");
      return {};
    }
  }

  return {
    async restore() {
      for (const [token, { serving, previous }] of Object.entries(await readServed())) {
        const line = lines.of(token);
        line.previous = previous;
        try {
          if (serving.length > 0) await recall(line, serving);
        } catch (error) {
          log.warn({ err: error, engine: token }, "What the engine served last is lost; it uses what its host has");
          tell(line, { state: "FAILED", reason: `${reasonOf(error)}: it serves what its host has` });
        }
      }
    },
    provisionOf: ({ name }) => lines.find(engineToken(name))?.provision ?? null,
    check(name) {
      const token = engineToken(name);
      const line = lines.find(token);
      const { cause } = find(token)?.presence() ?? { cause: "STARTING" };
      if (!line?.isUnproven || cause === "STARTING") return;
      line.isUnproven = false;
      if (cause !== "FAULT") return;
      line.ending ??= createAbortController();
      queue(line, line.ending.signal, (signal) => useOwn(line, token, signal));
    },
    take(order) {
      const token = engineToken(order.engine);
      if (find(token)?.switchTo === undefined)
        return log.warn({ engine: order.engine }, "This agent is to serve bundles with an engine that takes none");
      const line = lines.of(token);
      // It is told again until the presence shows it.
      if (line.order?.switch === order.switch && areSame(line.order.bundles, order.bundles)) return;
      [line.order, line.target] = [order, order.bundles];
      // What is told of the order before says nothing of this one.
      line.told = { ...line.told, bytes: 0, total: 0 };
      tell(line, { state: "WAITING", reason: null });
      begin(line, (signal) => carryOut(line, order, signal));
    },
    presence({ switchTo, manifest }) {
      if (switchTo === undefined) return undefined;
      const line = lines.of(engineToken(manifest.name));
      return { serving: servingOf(line), target: line.target, ...line.told };
    },
    async stop() {
      stopping.abort(new Superseded("the agent is stopping"));
      store.stop();
      const late = await awaitEnd(stopMs, Promise.all(lines.all().map(({ work }) => work)));
      if (late)
        log.warn({ afterMs: late.afterMs }, "What was being fetched or tried out has not ended; the agent stops without it");
    },
  };
}

function failedBy(error: unknown): Step {
  return { state: "FAILED", reason: reasonOf(error) };
}
