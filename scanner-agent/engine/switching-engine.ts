import { createAbortController } from "../../schema/abort-controller.js";
import type { Provision } from "../bundles/provision.js";
import { Unavailable } from "../contract.js";
import { within } from "../within.js";
import { createEngine, type Engine, type EngineHost, type EngineParts } from "./engine.js";
import type { SelfTest } from "./self-test.js";
import { createSlots } from "./slots.js";

/** A candidate whose test takes longer than this counts as hung. */
const TRIAL_MS = 900_000;
const UPDATING = "it is being updated: its next version is started and tested in its place";

/** The engine is stopped, so nothing takes its place. */
export class EngineStopped extends Unavailable {
  override readonly name = "EngineStopped";
}

/** How a candidate takes the place of what serves. */
export interface SwitchOptions {
  /** Whether it is started while that serves, or once it has ended. */
  readonly beside: boolean;
  /** What it must pass before it serves. */
  readonly trial: SelfTest;
  readonly signal: AbortSignal;
  /**
   * Called in the step in which it begins to serve, or in which what was ended for it serves again, with why: whoever looks at the engine
   * sees neither beside what was said before.
   */
  readonly onServing?: ((failure?: unknown) => void) | undefined;
}

/** An engine that can be exchanged between two samples. */
export interface SwitchingEngine extends Engine {
  /**
   * Starts and tests a candidate made of bundles (null: of what its host has), which then replaces the serving engine. Samples that are
   * being scanned finish on the old one. Throws {@link Unavailable} with what the candidate got wrong, or the signal's reason: the old
   * engine then serves on, or is started again.
   */
  switchTo?(provision: Provision | null, options: SwitchOptions): Promise<void>;
}

/** An engine that was made of its host's own things or of a provision. */
interface Member {
  readonly engine: Engine;
  readonly provision: Provision | null;
  /** Samples that it scans now. */
  running: number;
  onIdle?: () => void;
  /** Its next test. */
  selfTest: SelfTest;
}

/** Serves with what `first` has, or with the same engine made of `provision`. */
export function createSwitchingEngine(first: EngineParts, host: EngineHost, provision: Provision | null = null): SwitchingEngine {
  const { remake } = first;
  const slots = createSlots(first.slots);
  const leaving = new Set<Member>();
  const stopping = createAbortController();
  let paused: string | null = null;
  let refused: string | null = null;
  let ignored: readonly string[] = [];
  let candidate: Member | undefined;
  let serving = open(provision === null ? first : (remake?.(provision, false) ?? first), provision);

  function open(parts: EngineParts, made: Provision | null, selfTest = host.selfTest): Member {
    const engine = createEngine(parts, { ...host, selfTest: (manifest, scan) => member.selfTest(manifest, scan) });
    const member: Member = { engine, provision: made, running: 0, selfTest };
    return member;
  }

  async function make(made: Provision | null, selfTest?: SelfTest): Promise<Member> {
    if (remake === undefined) throw new Unavailable("it takes no bundles");
    const member = open(remake(made, true), made, selfTest);
    await member.engine.ignore(ignored);
    return member;
  }

  async function makeCandidate(made: Provision | null, trial: SelfTest): Promise<Member> {
    const member: Member = await make(made, (manifest, scan) => {
      requireWhole(made, member.engine.faults());
      return trial(manifest, scan);
    });
    return member;
  }

  /** Throws {@link Unavailable} unless it has passed its test. */
  async function startTested({ engine }: Member, signal: AbortSignal): Promise<void> {
    await within(TRIAL_MS, engine.start(), signal);
    if (!engine.takesWork()) throw new Unavailable(engine.presence().reason ?? "it does not start");
  }

  async function seat(next: Member, onServing: () => void): Promise<void> {
    next.selfTest = host.selfTest;
    next.engine.refuse(refused);
    [serving, candidate, paused] = [next, undefined, null];
    onServing();
    host.onChange();
    await next.engine.ignore(ignored);
  }

  function retire(old: Member): void {
    leaving.add(old);
    void idle(old)
      .then(() => old.engine.stop())
      .catch((error: unknown) => host.log.error({ err: error }, "Cannot stop what served before"))
      .finally(() => leaving.delete(old));
  }

  function idle(member: Member): Promise<void> {
    return member.running === 0 ? Promise.resolve() : new Promise((resolve) => (member.onIdle = resolve));
  }

  async function switchBeside(made: Provision | null, { trial, signal, onServing }: SwitchOptions): Promise<void> {
    const old = serving;
    const next = await makeCandidate(made, trial);
    candidate = next;
    try {
      await startTested(next, signal);
    } catch (error) {
      candidate = undefined;
      await next.engine.stop();
      throw error;
    }
    await seat(next, () => onServing?.());
    retire(old);
  }

  async function switchInTurn(made: Provision | null, { trial, signal, onServing }: SwitchOptions): Promise<void> {
    const old = serving;
    pause(UPDATING);
    try {
      await within(TRIAL_MS, idle(old), signal);
      await old.engine.stop();
      try {
        const next = await makeCandidate(made, trial);
        candidate = next;
        await startTested(next, signal);
        await seat(next, () => onServing?.());
      } catch (error) {
        await candidate?.engine.stop();
        candidate = undefined;
        const back = await make(old.provision);
        if (stopping.signal.aborted) throw error;
        serving = back;
        await back.engine.start();
        await seat(back, () => onServing?.(error));
        throw error;
      }
    } finally {
      if (paused !== null) pause(null);
    }
  }

  function pause(why: string | null): void {
    paused = why;
    host.onChange();
  }

  const current = () => serving.engine;
  return {
    manifest: first.manifest,
    slots,
    warnings: () => current().warnings(),
    faults: () => current().faults(),
    hasStarted: () => current().hasStarted(),
    versions: () => current().versions(),
    look: () => current().look(),
    image: () => current().image(),
    setup: () => current().setup(),
    takesWork: () => paused === null && current().takesWork(),
    takesBytes: () => current().takesBytes(),
    suspend: (reason, obstacle) => current().suspend(reason, obstacle),
    async ignore(signatures) {
      ignored = signatures;
      await Promise.all([current().ignore(signatures), candidate?.engine.ignore(signatures)]);
    },
    refuse(reason) {
      refused = reason;
      current().refuse(reason);
    },
    async scan(sample, options) {
      if (paused !== null) throw new Unavailable(paused, { isPassing: true });
      const member = serving;
      member.running += 1;
      try {
        return await member.engine.scan(sample, options);
      } finally {
        member.running -= 1;
        if (member.running === 0) member.onIdle?.();
      }
    },
    start: () => current().start(),
    test: () => current().test(),
    async stop() {
      stopping.abort(new EngineStopped("the engine is being stopped", { isPassing: true }));
      await Promise.all([current().stop(), candidate?.engine.stop(), ...[...leaving].map(({ engine }) => engine.stop())]);
    },
    presence() {
      const presence = { ...current().presence(), busy: slots.busy() };
      return paused === null ? presence : { ...presence, healthy: false, reason: paused, cause: "STARTING" as const };
    },
    ...(remake === undefined
      ? {}
      : {
          async switchTo(made: Provision | null, options: SwitchOptions) {
            const both = { ...options, signal: AbortSignal.any([options.signal, stopping.signal]) };
            both.signal.throwIfAborted();
            await (options.beside ? switchBeside(made, both) : switchInTurn(made, both));
          },
        }),
  };
}

/**
 * Throws {@link Unavailable} if a file of its bundles, such as one of rules, is not used in full. Files of the host itself are the
 * operator's business.
 */
function requireWhole(provision: Provision | null, faults: readonly string[]): void {
  const folder = provision?.folder ?? null;
  if (folder === null) return;
  const own = faults.filter((fault) => fault.includes(`${folder}/`)).map((fault) => fault.replaceAll(`${folder}/`, ""));
  if (own.length > 0) throw new Unavailable(`self-test: not all files of its bundles can be used: ${own.join("; ")}`);
}
