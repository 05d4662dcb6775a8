/** When the signatures of an AV engine count as stale. In Postgres the same is `is_stale`. */

import type { PluginType } from "./classes.js";
import type { EngineVersions } from "./engine-versions.js";

/** How old signatures may be where a manifest does not say otherwise, in milliseconds: seven days. */
export const STALE_AFTER_MS = 604_800_000;

/** What of an engine decides it. */
export interface AgingEngine {
  readonly type: PluginType;
  readonly versions: Pick<EngineVersions, "signatureDate">;
  /** How old its signatures may be, in milliseconds; undefined: {@link STALE_AFTER_MS}. */
  readonly staleAfterMs?: number | undefined;
}

/** How old its signatures are, in milliseconds; undefined if their date is not known, or it is no AV engine. */
export function signatureAge({ type, versions }: AgingEngine, now = Date.now()): number | undefined {
  if (type !== "AV" || versions.signatureDate === null) return undefined;
  return now - Date.parse(versions.signatureDate);
}

/** Whether its signatures are older than they may be. */
export function hasStaleSignatures(engine: AgingEngine, now = Date.now()): boolean {
  const age = signatureAge(engine, now);
  return age !== undefined && age > (engine.staleAfterMs ?? STALE_AFTER_MS);
}
