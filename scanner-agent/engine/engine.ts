import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { EngineLimits } from "../../schema/agent-settings.js";
import type { Manifest } from "../../schema/manifest.js";
import type { EngineVersions } from "../../schema/engine-versions.js";
import type { ImageIdentity } from "../../schema/image-identity.js";
import { type EnginePresence } from "../../schema/presence.js";
import {
  NO_VERSIONS,
  NoRoom,
  Unavailable,
  type Instance,
  type Outcome,
  type Parser,
  type RunOptions,
  type Runner,
} from "../contract.js";
import type { Provision } from "../bundles/provision.js";
import { boundedWarnings, describeManifest, describeRunning } from "./announced.js";
import { createAttempts, mergeVersions } from "./attempt.js";
import { createFingerprint } from "./engine-fingerprint.js";
import { createHealth } from "./health.js";
import type { OfferedSample } from "./offered-sample.js";
import { NEVER_ABORTED } from "../within.js";
import type { SelfTest } from "./self-test.js";
import { createSetup, type NamedSetup } from "./setup.js";
import { createSlots, type Slots } from "./slots.js";
import { describeRunner, startFirst, stopAll } from "./start-first.js";

/** The longest that stopping waits for a start that was under way. */
const STOP_AGAIN_MS = 5_000;

/** The parts of an engine. */
export interface EngineParts {
  readonly manifest: Manifest;
  /** The ways to run it, in order of preference. */
  readonly runners: readonly Runner[];
  readonly parse: Parser;
  readonly slots: number;
  /** How much it may use, and how much by its host's own settings. */
  readonly limits?: EngineLimits | undefined;
  readonly own?: EngineLimits | undefined;
  /** Makes the same of a provision, or of what its host has; `beside`: another may be running. Undefined: it takes no bundles. */
  readonly remake?: ((provision: Provision | null, beside: boolean) => EngineParts) | undefined;
}

/** What an engine uses of its agent. */
export interface EngineHost {
  readonly selfTest: SelfTest;
  readonly retestMs: number;
  readonly log: Logger;
  /** Called when its health, its versions or its readiness for work have changed. */
  readonly onChange: () => void;
}

/** One engine of this agent, with its health. */
export interface Engine {
  readonly manifest: Manifest;
  readonly slots: Slots;
  presence(): EnginePresence;
  /** All that the operator should put right although the engine works; the presence has the first of them. */
  warnings(): readonly string[];
  /** Those of them that are of files which it was given and does not use, or not all of them. */
  faults(): readonly string[];
  /** Whether one of its runners has started: which one it is, and how it is isolated, is not known before. */
  hasStarted(): boolean;
  versions(): EngineVersions;
  /** Looks at what it uses now: its presence tells it from then on. */
  look(): Promise<void>;
  /** The container image that it runs; null for an engine without a container. */
  image(): ImageIdentity | null;
  /** How it is run now. */
  setup(): NamedSetup;
  /** Whether it may be given samples: it is healthy and not being tested. */
  takesWork(): boolean;
  /** Whether it is given small samples without a file. */
  takesBytes(): boolean;
  /** Scans one sample. Throws {@link Unavailable} or the signal's reason; its own failures are outcomes. */
  scan(sample: OfferedSample, options: RunOptions): Promise<Outcome>;
  /** Makes it unhealthy until `obstacle` resolves and it passes its self-test. */
  suspend(reason: string, obstacle?: () => Promise<void>): void;
  /** Leaves these signatures out, and no others, if it can. */
  ignore(signatures: readonly string[]): Promise<void>;
  /** Takes no work while the gateway refuses the engine, with a reason; null: the gateway accepts it again. */
  refuse(reason: string | null): void;
  /**
   * Starts it, unless it is running, and tests it; when this resolves it is healthy or has a reason why not. It is tested again
   * by itself from then on.
   */
  start(): Promise<void>;
  /** The same, for an engine that has been started. */
  test(): Promise<void>;
  stop(): Promise<void>;
}

/** Creates an engine. It is unhealthy until it has passed its first self-test. */
export function createEngine(
  { manifest, runners, parse, slots: total, limits, own }: EngineParts,
  { selfTest, retestMs, log, onChange }: EngineHost,
): Engine {
  const slots = createSlots(total);
  const fingerprint = createFingerprint({ manifest, log, current: () => ({ runner, versions: fullVersions() }) });
  const attempts = createAttempts(parse);
  const setup = createSetup(manifest, () => runner);
  const tell = () => ({ versions: fullVersions(), runner: runner?.description });
  const health = createHealth({ prove, hasChanged, tell, retestMs, log, onChange });
  let runner = runners[0];
  let hasStarted = false;
  /** What the runner said of itself last. */
  let usual: Instance = { versions: NO_VERSIONS, image: null };
  /** What its self-test says that it keeps silent about. */
  let silence: readonly string[] = [];
  let refused: string | null = null;

  for (const one of runners) {
    one.onLost?.((why) => {
      if (one === runner) health.suspend(why);
    });
    one.onReplaced?.(() => {
      if (one === runner) void health.look();
    });
  }

  async function prove(): Promise<void> {
    runner = await startFirst(runners, log);
    hasStarted = true;
    usual = await describeRunner(runner);
    silence = await selfTest(manifest, (sample) =>
      attempt(sample, { timeoutMs: manifest.timeout, signal: NEVER_ABORTED, alone: false }),
    );
  }

  /** Whether its program, its image or its signatures are other ones than those that were tested. */
  async function hasChanged(): Promise<boolean> {
    const now = runner && (await describeRunner(runner));
    return JSON.stringify(now) !== JSON.stringify(usual);
  }

  function allWarnings(): readonly string[] {
    return [...(runner?.warnings?.() ?? []), ...silence];
  }

  async function attempt(sample: OfferedSample, options: RunOptions): Promise<Outcome> {
    if (runner === undefined) throw new Unavailable("there is no way to run it");
    return await attempts.attempt(runner, usual, sample, options);
  }

  function fullVersions(): EngineVersions {
    return mergeVersions(usual.versions, attempts.printed());
  }

  return {
    manifest,
    slots,
    warnings: allWarnings,
    faults: () => runner?.faults?.() ?? [],
    hasStarted: () => hasStarted,
    versions: fullVersions,
    look: fingerprint.look,
    image: () => runner?.image?.() ?? null,
    setup,
    takesWork: () => refused === null && health.takesWork(),
    takesBytes: () => runner?.takesBytes ?? false,
    suspend: health.suspend,
    async ignore(signatures) {
      await Promise.all(runners.map((one) => one.ignore?.(signatures)));
      onChange();
    },
    refuse(why) {
      if (why === refused) return;
      refused = why;
      log.warn({ reason: why }, why === null ? "The mesh accepts this engine" : "The mesh refuses this engine");
      onChange();
    },
    async scan(sample, options) {
      try {
        const outcome = await fingerprint.during(() => attempt(sample, options));
        health.count(outcome);
        return outcome;
      } catch (error) {
        if (error instanceof Unavailable && !(error instanceof NoRoom)) health.suspend(error.message);
        throw error;
      }
    },
    start: health.test,
    test: health.test,
    async stop() {
      const underway = health.stop();
      const stopRunners = () => stopAll(runners, log);
      await stopRunners();
      if (underway === undefined) return;
      // What a start that was under way has made since is stopped too, however long that start takes.
      await Promise.race([underway.then(stopRunners), pause(STOP_AGAIN_MS, undefined, { ref: false })]);
    },
    presence: () => ({
      ...describeManifest(manifest),
      ...describeRunning(runner),
      versions: fullVersions(),
      fingerprint: fingerprint.last(),
      setup: setup().setup,
      slots: total,
      busy: slots.busy(),
      healthy: health.reason() === null && refused === null,
      reason: health.reason() ?? refused,
      cause: health.cause() ?? (refused === null ? null : "REFUSED"),
      testedAt: health.testedAt(),
      warnings: boundedWarnings(allWarnings()),
      limits,
      own,
    }),
  };
}
