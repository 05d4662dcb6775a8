/** Obeys orders to serve bundles: fetches them, tries them out, and has them take the place of what serves. */

import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { createAbortController } from "../../schema/abort-controller.js";
import type { EnginesBundles } from "../../schema/bundle-presence.js";
import type { ServedBundles } from "../../schema/bundle.js";
import type { Control } from "../../schema/control.js";
import type { Manifest } from "../../schema/manifest.js";
import { engineToken } from "../../schema/subjects.js";
import { BundleError } from "../bundles/bundle-error.js";
import type { BundleImages } from "../bundles/bundle-images.js";
import type { BundleStore } from "../bundles/bundle-store.js";
import { keyOf, type Provision } from "../bundles/provision.js";
import { reasonOf, Unavailable } from "../contract.js";
import { lackOfMemory } from "../engine/memory.js";
import { EngineStopped, type SwitchingEngine } from "../engine/switching-engine.js";
import type { SelfTest } from "../engine/self-test.js";
import type { Trial } from "../engine/trial.js";

const RETRY_MS = { first: 1_000, longest: 60_000 };

type Order = Extract<Control, { kind: "serve" }>;
type Step = Pick<EnginesBundles, "state" | "reason">;

/** An order has come that makes this one void. */
class Superseded extends Error {}

/** What the engines of this agent serve of the mesh's bundles. */
export interface BundleServer {
  /** Reads what was served last, before engines are made. */
  restore(): Promise<void>;
  /** What an engine is to be made of. */
  provisionOf(manifest: Manifest): Provision | null;
  /** Has engines that do not work with what was served last use what their host has; called when they have been tested. */
  checkRestored(): Promise<void>;
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
  readonly freeMemory: () => number;
  readonly onChange: () => void;
  readonly log: Logger;
}

/** The bundles of one engine. */
interface Line {
  provision: Provision | null;
  previous: ServedBundles;
  target: ServedBundles | null;
  told: Omit<EnginesBundles, "serving" | "target">;
  /** The order that is carried out. */
  order: Order | undefined;
  ending: AbortController | undefined;
  work: Promise<void>;
}

/** Nothing is served yet but what hosts have. */
export function createBundleServer(options: BundleServerOptions): BundleServer {
  const { store, images, engines, log } = options;
  const lines = new Map<string, Line>();
  let saving: Promise<void> = Promise.resolve();

  function lineOf(token: string): Line {
    const known = lines.get(token);
    if (known !== undefined) return known;
    const line: Line = {
      provision: null,
      previous: [],
      target: null,
      told: { state: "SERVING", reason: null, bytes: 0, total: 0, since: new Date().toISOString() },
      order: undefined,
      ending: undefined,
      work: Promise.resolve(),
    };
    lines.set(token, line);
    return line;
  }

  function tell(line: Line, { state, reason }: Step): void {
    const since = state === line.told.state ? line.told.since : new Date().toISOString();
    line.told = { ...line.told, state, reason: reason?.slice(0, 1024) ?? null, since };
    options.onChange();
  }

  function save(): Promise<void> {
    const write = async () => {
      const entries = [...lines].map(([token, { provision, previous, target }]) => [
        token,
        { serving: [...(provision?.bundles ?? [])], previous, target },
      ]);
      await store.writeServed(Object.fromEntries(entries));
    };
    saving = saving.then(write, write);
    return saving;
  }

  function find(token: string): SwitchingEngine | undefined {
    return engines().find(({ manifest }) => engineToken(manifest.name) === token);
  }

  async function carryOut(line: Line, order: Order, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await saveTarget();
      if (keyOf(order.bundles) !== keyOf(servingOf(line))) {
        const provision = order.bundles.length === 0 ? null : await provide(line, order, signal);
        await tryOut(line, order, provision, signal);
        await settle();
      }
      tell(line, { state: "SERVING", reason: null });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable || error instanceof BundleError))
        log.error({ err: error }, "An update failed unexpectedly");
      log.warn({ engine: order.engine, reason: reasonOf(error) }, "The engine keeps serving what it has: an update failed");
      tell(line, { state: "FAILED", reason: reasonOf(error) });
    }
  }

  /** Waits while the mesh or Docker is away. */
  async function provide(line: Line, { engine, bundles }: Order, signal: AbortSignal): Promise<Provision> {
    tell(line, { state: "FETCHING", reason: null });
    for (let delay = RETRY_MS.first; ; delay = Math.min(2 * delay, RETRY_MS.longest)) {
      try {
        return await store.provide(engine, bundles, {
          signal,
          onWait: () => tell(line, { state: "WAITING", reason: "another agent of this host is fetching bundles" }),
          onProgress(bytes, total) {
            if (line.told.state !== "FETCHING") tell(line, { state: "FETCHING", reason: null });
            line.told = { ...line.told, bytes, total };
          },
        });
      } catch (error) {
        if (!(error instanceof Unavailable) || signal.aborted) throw error;
        tell(line, { state: "WAITING", reason: error.message });
      }
      await pause(delay, undefined, { signal });
    }
  }

  async function tryOut(line: Line, order: Order, provision: Provision | null, signal: AbortSignal): Promise<void> {
    const engine = find(engineToken(order.engine));
    if (engine?.switchTo === undefined) throw new BundleError("this agent runs no such engine any more");
    const lack = lackOfMemory(engine.manifest.memory, options.freeMemory());
    if (order.switch === "BESIDE" && lack !== undefined) throw new BundleError(`${lack}: have it switched in turn`);
    const beside = order.switch !== "IN_TURN" && lack === undefined;
    tell(line, { state: "TESTING", reason: beside ? null : "it serves no scans until this is done" });
    log.info({ engine: order.engine, bundles: order.bundles, beside }, "Trying out what the mesh orders");
    try {
      await engine.switchTo(provision, { beside, trial: options.trial(provision), signal });
    } catch (error) {
      if (!(error instanceof EngineStopped) || signal.aborted) throw error;
      // It is set otherwise by the mesh: another takes its place.
      await pause(RETRY_MS.first, undefined, { signal });
      return await tryOut(line, order, provision, signal);
    }
    line.previous = servingOf(line);
    line.provision = provision;
    log.info({ engine: order.engine, versions: engine.versions() }, "The engine serves what the mesh orders");
  }

  /**
   * Other agents of this host leave what this one is to serve from then on. On a full disk it goes on all the same: what is here
   * already, or the host's own, needs no room.
   */
  async function saveTarget(): Promise<void> {
    try {
      await save();
    } catch (error) {
      log.error({ err: error }, "Cannot write down what is to be served");
    }
  }

  /** What is served is so whether this works or not. */
  async function settle(): Promise<void> {
    try {
      await save();
      await store.tidy();
    } catch (error) {
      log.error({ err: error }, "Cannot write down what is served, or remove bundles that nobody needs");
    }
  }

  async function recall(line: Line, bundles: ServedBundles): Promise<void> {
    const provision = await store.recall(bundles);
    if (provision.image !== null && !(await hasImage(provision.image)))
      throw new BundleError(`its image ${provision.image.reference} is not on this Docker host any more`);
    // A mesh that wants something else by now sees that it must say so.
    [line.provision, line.target] = [provision, bundles];
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

  async function useOwn(line: Line, engine: SwitchingEngine, signal: AbortSignal): Promise<void> {
    const { reason, cause } = engine.presence();
    if (line.provision === null || cause !== "FAULT" || signal.aborted) return;
    const why = `what it served last does not work any more (${reason})`;
    try {
      await engine.switchTo?.(null, { beside: false, trial: options.selfTest, signal });
      [line.previous, line.provision, line.target] = [servingOf(line), null, null];
      await settle();
      tell(line, { state: "FAILED", reason: `${why}: it serves what its host has` });
    } catch (error) {
      if (signal.aborted) return;
      tell(line, { state: "FAILED", reason: `${why}, and what its host has does not work either (${reasonOf(error)})` });
    }
  }

  function begin(line: Line, work: (signal: AbortSignal) => Promise<void>): void {
    line.ending?.abort(new Superseded("the mesh orders something else"));
    const ending = createAbortController();
    line.ending = ending;
    line.work = line.work.then(() => work(ending.signal));
  }

  return {
    async restore() {
      for (const [token, { serving, previous }] of Object.entries(await store.readServed())) {
        const line = lineOf(token);
        line.previous = previous;
        try {
          if (serving.length > 0) await recall(line, serving);
        } catch (error) {
          // Whatever is wrong with it: an agent that did not start would serve nothing at all.
          log.warn({ err: error, engine: token }, "What the engine served last is lost; it uses what its host has");
          tell(line, { state: "FAILED", reason: `${reasonOf(error)}: it serves what its host has` });
        }
      }
    },
    provisionOf: ({ name }) => lines.get(engineToken(name))?.provision ?? null,
    async checkRestored() {
      const restored = engines().flatMap((engine) => {
        const line = lines.get(engineToken(engine.manifest.name));
        return line === undefined || line.order !== undefined ? [] : [{ line, engine }];
      });
      for (const { line, engine } of restored) begin(line, (signal) => useOwn(line, engine, signal));
      await Promise.all(restored.map(({ line }) => line.work));
    },
    take(order) {
      const token = engineToken(order.engine);
      if (find(token)?.switchTo === undefined)
        return log.warn({ engine: order.engine }, "This agent is to serve bundles with an engine that takes none");
      const line = lineOf(token);
      // It is told again until the presence shows it.
      if (line.order?.switch === order.switch && keyOf(line.order.bundles) === keyOf(order.bundles)) return;
      [line.order, line.target] = [order, order.bundles];
      // What is told of the order before says nothing of this one.
      line.told = { ...line.told, bytes: 0, total: 0 };
      tell(line, { state: "WAITING", reason: null });
      begin(line, (signal) => carryOut(line, order, signal));
    },
    presence({ switchTo, manifest }) {
      if (switchTo === undefined) return undefined;
      const line = lineOf(engineToken(manifest.name));
      return { serving: servingOf(line), target: line.target, ...line.told };
    },
    async stop() {
      for (const { ending } of lines.values()) ending?.abort(new Superseded("the agent is stopping"));
      await Promise.all([...lines.values()].map(({ work }) => work));
      store.stop();
    },
  };
}

function servingOf({ provision }: Line): ServedBundles {
  return [...(provision?.bundles ?? [])];
}
