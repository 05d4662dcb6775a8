import type { EngineSettings } from "../../schema/agent-settings.js";
import type { AgentConfig } from "../config.js";
import type { EngineParts } from "../engine/engine.js";
import { arrangeEngines, createEngineSet, type EngineSet } from "../engine/engine-set.js";
import { withSettings } from "../engine/mesh-settings.js";
import type { Arrangement } from "./settings.js";

type RunnerHost = Parameters<typeof createEngineSet>[1];

/** The engines of this host, by its manifests and its own choice. */
export interface OwnEngines {
  /** Reads the manifests. */
  load(host: RunnerHost): Promise<Pick<EngineSet, "parts" | "off">>;
  /** Reads them again: the engines as the mesh sets them. */
  arrange(wanted: readonly EngineSettings[]): Promise<Arrangement>;
  /** Mistakes in manifests and in the host's choice of engines, a line each. */
  mistakes(): readonly string[];
}

/** `given` engines take the place of the manifests; for tests. */
export function createOwnEngines(config: AgentConfig, given?: readonly EngineParts[]): OwnEngines {
  let host: RunnerHost | undefined;
  let mistakes: readonly string[] = [];
  return {
    async load(on) {
      if (given !== undefined) return { parts: [...given], off: [] };
      host = on;
      const set = await createEngineSet(config, on);
      mistakes = set.mistakes;
      return set;
    },
    async arrange(wanted) {
      if (host === undefined) return withSettings(given ?? [], wanted);
      const { mistakes: found, ...arrangement } = await arrangeEngines(config, host, wanted);
      for (const mistake of found) if (!mistakes.includes(mistake)) host.log.error(mistake);
      mistakes = found;
      // An engine whose manifest is damaged by now does not run any more.
      return { ...arrangement, problems: [...arrangement.problems, ...found] };
    },
    mistakes: () => mistakes,
  };
}
