import type { Logger } from "pino";
import type { EngineSettings } from "../../schema/agent-settings.js";
import type { Presence } from "../../schema/presence.js";
import { reasonOf } from "../contract.js";
import type { EngineParts } from "../engine/engine.js";

/** The engines as settings of the mesh make them. */
export interface Arrangement {
  readonly parts: readonly EngineParts[];
  /** Names of engines that are off on this host, if that is known. */
  readonly off?: readonly string[];
  /** Settings that cannot be applied, a sentence each. */
  readonly problems: readonly string[];
}

/** Applies settings of the mesh, one after the other. */
export interface SettingsTaker {
  /** Takes settings, unless they are those that it has or is about to have. */
  take(revision: number, engines: readonly EngineSettings[]): void;
  /** The last that are applied. */
  applied(): NonNullable<Presence["settings"]>;
}

export function createSettingsTaker({
  arrange,
  replace,
  onApplied,
  log,
}: {
  arrange: (engines: readonly EngineSettings[]) => Promise<Arrangement>;
  replace: (arrangement: Arrangement) => Promise<void>;
  onApplied: () => void;
  log: Logger;
}): SettingsTaker {
  let applied: { revision: number; problems: string[] } = { revision: 0, problems: [] };
  let wanted = 0;
  let applying: Promise<void> = Promise.resolve();

  async function apply(revision: number, engines: readonly EngineSettings[]): Promise<void> {
    // Newer ones have come meanwhile.
    if (revision !== wanted) return;
    log.info({ revision, engines }, "The mesh sets the engines of this agent");
    try {
      const arrangement = await arrange(engines);
      await replace(arrangement);
      applied = { revision, problems: [...arrangement.problems] };
      for (const problem of applied.problems) log.warn({ problem }, "A setting of the mesh cannot be applied");
    } catch (error) {
      log.error({ err: error }, "The settings of the mesh cannot be applied");
      applied = { revision, problems: [reasonOf(error)] };
    }
    onApplied();
  }

  return {
    take(revision, engines) {
      if (revision === wanted) return;
      wanted = revision;
      applying = applying.then(() => apply(revision, engines));
    },
    applied: () => applied,
  };
}
