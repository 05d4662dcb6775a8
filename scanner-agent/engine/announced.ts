/** What a presence says of an engine. */

import type { Manifest } from "../../schema/manifest.js";
import { MAX_WARNINGS, type EnginePresence } from "../../schema/presence.js";
import { ignoredRevision } from "../../schema/suppressed.js";
import type { Runner } from "../contract.js";

/** What it says of the manifest. */
export function describeManifest({ name, type, speed, internet, input, accepts, detects, staleAfter }: Manifest) {
  const given = { name, type, speed, internet, input, accepts: accepts ?? null, detects, staleAfterMs: staleAfter };
  return given satisfies Partial<EnginePresence>;
}

/** What it says of the way by which the engine is run; undefined: none. */
export function describeRunning(runner: Runner | undefined) {
  const ignored = runner?.ignored?.();
  return {
    runner: runner?.description ?? "none",
    image: runner?.image?.() ?? null,
    // Left out by an engine that can leave out none.
    ignores: ignored && ignoredRevision(ignored),
    // Left out by one that says nothing of it.
    outdated: runner?.isOutdated?.() === true ? true : undefined,
  } satisfies Partial<EnginePresence>;
}

/** As many of the warnings as a presence has room for. */
export function boundedWarnings(warnings: readonly string[]): string[] {
  const { count, length } = MAX_WARNINGS;
  const shown = warnings.length <= count ? warnings : warnings.slice(0, count - 1);
  const rest = warnings.length - shown.length;
  const more = rest === 0 ? [] : [`${rest} more; \`npm run agent -- doctor\` lists all of them`];
  return [...shown.map((warning) => (warning.length <= length ? warning : `${warning.slice(0, length - 1)}…`)), ...more];
}
