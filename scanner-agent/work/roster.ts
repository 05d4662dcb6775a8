import type { Engine, EngineParts } from "../engine/engine.js";
import type { WorkContext } from "./hand-back.js";
import { createIntake, type Intake } from "./intake.js";

/** The engines of this agent, each with its intake. */
export interface Roster {
  engines(): readonly Engine[];
  /** Takes requests from now on, unless it is held. */
  open(context: WorkContext): void;
  /** Pulls again or stops, as the engines' health and their free slots have changed. */
  update(): void;
  /** Pulls nothing while it is held. */
  hold(held: boolean): void;
  /**
   * Replaces the engines whose settings have changed: each finishes its samples and is stopped. Its successor is started then, and tested
   * as at the start of the agent.
   */
  replace(parts: readonly EngineParts[]): Promise<void>;
  /** Pulls nothing and replaces nothing from now on; resolves when all requests in flight are answered or handed back. */
  drain(): Promise<void>;
}

interface Entry {
  /** How an engine is to run, as a comparable text. */
  readonly key: string;
  readonly engine: Engine;
  intake?: Intake;
  isLeaving?: boolean;
}

/** Engines are not started by this, but those that replace others are. */
export function createRoster(parts: readonly EngineParts[], create: (parts: EngineParts) => Engine): Roster {
  let entries: Entry[] = parts.map(enter);
  let context: WorkContext | undefined;
  let isHeld = false;
  let isClosed = false;

  function enter(part: EngineParts): Entry {
    return { key: keyOf(part), engine: create(part) };
  }

  function admit(entry: Entry): void {
    if (context === undefined) return;
    entry.intake = createIntake(entry.engine, context);
    entry.intake.hold(isHeld);
  }

  /** The successor is listed at once, so that the mesh does not conclude that this agent lost the engine. */
  async function retire(entry: Entry, successor: EngineParts | undefined): Promise<void> {
    entry.isLeaving = true;
    await entry.intake?.drain();
    // It is stopped with all others when the agent ends.
    if (isClosed) return;
    await entry.engine.stop();
    if (isClosed) return;
    const next = successor && enter(successor);
    entries = entries.flatMap((one) => (one === entry ? (next ?? []) : [one]));
    if (next) begin(next);
  }

  function begin(entry: Entry): void {
    admit(entry);
    void entry.engine.start();
  }

  return {
    engines: () => entries.map(({ engine }) => engine),
    open(given) {
      context = given;
      for (const entry of entries) admit(entry);
    },
    update() {
      for (const { intake, isLeaving } of entries) if (!isLeaving) intake?.update();
    },
    hold(held) {
      isHeld = held;
      for (const { intake, isLeaving } of entries) if (!isLeaving) intake?.hold(held);
    },
    async replace(wanted) {
      if (isClosed) return;
      const kept = new Set(entries.map(({ key }) => key));
      const coming = new Map(wanted.filter((part) => !kept.has(keyOf(part))).map((part) => [part.manifest.name, part]));
      const keys = new Set(wanted.map(keyOf));
      const leaving = entries.filter(({ key }) => !keys.has(key));
      const retired = leaving.map((entry) => retire(entry, coming.get(entry.engine.manifest.name)));
      for (const { engine } of leaving) coming.delete(engine.manifest.name);
      const added = [...coming.values()].map(enter);
      entries = [...entries, ...added].toSorted((a, b) => a.engine.manifest.name.localeCompare(b.engine.manifest.name));
      for (const entry of added) begin(entry);
      await Promise.all(retired);
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
