/** Brings ordered bundles to this host, and has them replace what the engine serves. */

import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { EnginesBundles } from "../../schema/bundle-presence.js";
import type { Control } from "../../schema/control.js";
import { BundleError, SourceAway } from "../bundles/bundle-error.js";
import type { BundleStore } from "../bundles/bundle-store.js";
import type { Provision } from "../bundles/provision.js";
import { Unavailable } from "../contract.js";
import { ASSUMED_MEMORY, type MemoryRoom } from "../engine/memory.js";
import type { SelfTest } from "../engine/self-test.js";
import { EngineStopped, type SwitchingEngine, type SwitchOptions } from "../engine/switching-engine.js";

const RETRY_MS = { first: 1_000, longest: 60_000 };
/** How long a registry may be away: shorter than the time after which gateways give up a host that makes no progress. */
export const SOURCE_AWAY_MS = 1_200_000;

export type Order = Extract<Control, { kind: "serve" }>;
export type Step = Pick<EnginesBundles, "state" | "reason">;

/** How far it is. */
export interface Progress {
  readonly signal: AbortSignal;
  readonly tell: (step: Step) => void;
}

/** What fetching takes. */
export interface BringOptions extends Progress {
  readonly store: BundleStore;
  readonly onBytes: (bytes: number, total: number) => void;
  readonly sourceAwayMs: number;
}

/** Fetches bundles; waits while the mesh or Docker is away, and for a limited time for a registry. Throws {@link BundleError}. */
export async function bring({ engine, bundles }: Order, options: BringOptions): Promise<Provision> {
  const { store, signal, tell, onBytes, sourceAwayMs } = options;
  let state: Step["state"] = "FETCHING";
  const say = (step: Step) => {
    state = step.state;
    tell(step);
  };
  say({ state, reason: null });
  let awaySince: number | undefined;
  for (let delay = RETRY_MS.first; ; delay = Math.min(2 * delay, RETRY_MS.longest)) {
    try {
      return await store.provide(engine, bundles, {
        signal,
        onWait: () => say({ state: "WAITING", reason: "another agent of this host is fetching bundles" }),
        onProgress(bytes, total) {
          if (state !== "FETCHING") say({ state: "FETCHING", reason: null });
          onBytes(bytes, total);
        },
      });
    } catch (error) {
      if (!(error instanceof Unavailable) || signal.aborted) throw error;
      awaySince = error instanceof SourceAway ? (awaySince ?? performance.now()) : undefined;
      if (awaySince !== undefined && performance.now() - awaySince >= sourceAwayMs)
        throw new BundleError(`${error.message} (tried for ${Math.round(sourceAwayMs / 60_000)} minutes)`, { cause: error });
      say({ state: "WAITING", reason: `${error.message}; it is tried again` });
    }
    await pause(delay, undefined, { signal });
  }
}

/** What trying out takes. */
export interface TryOutOptions extends Progress, Pick<SwitchOptions, "onServing"> {
  /** The engine as it runs now; undefined while it is turned off. */
  readonly find: () => SwitchingEngine | undefined;
  readonly memory: MemoryRoom;
  readonly trial: SelfTest;
  readonly log: Logger;
}

/**
 * Starts and tests a candidate, which then replaces the serving engine; waits while the engine is off. Throws {@link BundleError}, or
 * Unavailable with what the candidate got wrong.
 */
export async function tryOut(order: Order, provision: Provision | null, options: TryOutOptions): Promise<void> {
  for (;;) {
    const engine = await untilOn(options);
    try {
      await exchange(order, provision, engine, options);
      options.log.info({ engine: order.engine, versions: engine.versions() }, "The engine serves what the mesh orders");
      return;
    } catch (error) {
      // The mesh has changed its settings: another engine takes its place, or it is off.
      if (!(error instanceof EngineStopped) || options.signal.aborted) throw error;
      await pause(RETRY_MS.first, undefined, { signal: options.signal });
    }
  }
}

async function untilOn({ find, signal, tell }: TryOutOptions): Promise<SwitchingEngine> {
  for (let isTold = false; ; isTold = true) {
    const engine = find();
    if (engine !== undefined) return engine;
    if (!isTold) tell({ state: "WAITING", reason: "the engine is off on this host: it is tried out when it is on again" });
    await pause(RETRY_MS.first, undefined, { signal });
  }
}

async function exchange(
  order: Order,
  provision: Provision | null,
  engine: SwitchingEngine,
  { memory, trial, signal, tell, log, onServing }: TryOutOptions,
): Promise<void> {
  if (engine.switchTo === undefined) throw new BundleError("the engine takes no bundles any more");
  const onWait = () => tell({ state: "WAITING", reason: "the memory for a second one is needed by another engine's update" });
  const promised = await memory.reserve(engine.manifest.memory ?? ASSUMED_MEMORY, { signal, onWait });
  try {
    const { lack } = promised;
    if (order.switch === "BESIDE" && lack !== undefined) throw new BundleError(`${lack}: have it switched in turn`);
    const beside = order.switch !== "IN_TURN" && lack === undefined;
    tell({ state: "TESTING", reason: beside ? null : "it serves no scans until this is done" });
    log.info({ engine: order.engine, bundles: order.bundles, beside }, "Trying out what the mesh orders");
    await engine.switchTo(provision, { beside, trial, signal, onServing });
  } finally {
    promised.release();
  }
}
