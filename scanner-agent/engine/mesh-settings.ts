import type { EngineSettings } from "../../schema/agent-settings.js";
import { applySettings } from "../manifest/mesh-settings.js";
import type { EngineParts } from "./engine.js";

/** The same engines with other slots and time limits; for engines that come from no manifest file. */
export function withSettings(
  parts: readonly EngineParts[],
  settings: readonly EngineSettings[],
): { parts: EngineParts[]; problems: readonly string[] } {
  const chosen = parts.map(({ manifest, slots }) => ({ manifest: { ...manifest, slots }, place: "", ways: [], off: null }));
  const { engines, problems } = applySettings(chosen, settings, 1);
  const set = parts.flatMap((part, i): EngineParts[] => {
    const engine = engines[i];
    if (engine === undefined || engine.off !== null) return [];
    const { slots = part.slots, timeout } = engine.manifest;
    return [{ ...part, manifest: { ...part.manifest, timeout }, slots, own: engine.own }];
  });
  return { parts: set, problems };
}
