import type { Engine, EngineParts } from "../engine/engine.js";
import type { WorkContext } from "./hand-back.js";
import { createIntake, type Intake } from "./intake.js";

/** The engines of this agent, each with its intake. */
export interface Roster {
  engines(): readonly Engine[];
  /** Takes requests from now on, as far as it is not held. */
  open(context: WorkContext): void;
  /** Pulls again or stops, as the engines' health and their free slots have changed. */
  update(): void;
  /** Pulls nothing while it is held. */
  hold(held: boolean): void;
  /**
   * Replaces the engines that are to run otherwise: each finishes what it has, and is stopped. The new ones are started then, and tested
   * as at the start of the agent.
   */
  replace(parts: readonly EngineParts[]): Promise<void>;
  /** Pulls nothing and replaces nothing from now on; resolves when all requests in flight are answered or handed back. */
  drain(): Promise<void>;
}

interface Entry {
  /** How it is to run, as a text to compare. */
  readonly key: string;
  readonly engine: Engine;
  intake?: Intake;
}

/** Engines are not started by this, but those that replace others are. */
export function createRoster(parts: readonly EngineParts[], create: (parts: EngineParts) => Engine): Roster {
  let entries: Entry[] = parts.map((part) => ({ key: keyOf(part), engine: create(part) }));
  let context: WorkContext | undefined;
  let isHeld = false;
  let isClosed = false;

  function admit(entry: Entry): void {
    if (context === undefined) return;
    entry.intake = createIntake(entry.engine, context);
    entry.intake.hold(isHeld);
  }

  async function retire(entry: Entry): Promise<void> {
    await entry.intake?.drain();
    // It is stopped with all others when the agent ends.
    if (isClosed) return;
    await entry.engine.stop();
    entries = entries.filter((one) => one !== entry);
  }

  return {
    engines: () => entries.map(({ engine }) => engine),
    open(given) {
      context = given;
      for (const entry of entries) admit(entry);
    },
    update() {
      for (const { intake } of entries) intake?.update();
    },
    hold(held) {
      isHeld = held;
      for (const { intake } of entries) intake?.hold(held);
    },
    async replace(wanted) {
      const keys = new Set(wanted.map(keyOf));
      await Promise.all(entries.filter(({ key }) => !keys.has(key)).map(retire));
      if (isClosed) return;
      const kept = new Set(entries.map(({ key }) => key));
      const added = wanted
        .filter((part) => !kept.has(keyOf(part)))
        .map((part): Entry => ({ key: keyOf(part), engine: create(part) }));
      entries = [...entries, ...added].toSorted((a, b) => a.engine.manifest.name.localeCompare(b.engine.manifest.name));
      for (const entry of added) admit(entry);
      for (const { engine } of added) void engine.start();
    },
    async drain() {
      isClosed = true;
      await Promise.all(entries.map(({ intake }) => intake?.drain()));
    },
  };
}

function keyOf({ manifest, slots }: EngineParts): string {
  return JSON.stringify([manifest, slots]);
}
