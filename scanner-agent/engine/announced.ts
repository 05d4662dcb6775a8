import { MAX_WARNINGS } from "../../schema/presence.js";
import { ignoredRevision } from "../../schema/suppressed.js";

/** What a presence says of the signatures that an engine leaves out; undefined if it can leave out none. */
export function revisionOf(ignored: readonly string[] | undefined): string | undefined {
  return ignored && ignoredRevision(ignored);
}

/** As many of the warnings as a presence has room for. */
export function boundedWarnings(warnings: readonly string[]): string[] {
  const { count, length } = MAX_WARNINGS;
  const shown = warnings.length <= count ? warnings : warnings.slice(0, count - 1);
  const rest = warnings.length - shown.length;
  const more = rest === 0 ? [] : [`${rest} more; \`npm run agent -- doctor\` lists all of them`];
  return [...shown.map((warning) => (warning.length <= length ? warning : `${warning.slice(0, length - 1)}…`)), ...more];
}
