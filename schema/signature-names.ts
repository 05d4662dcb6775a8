/** Several signatures that one engine found, as one text. */

/** The longest that a result says of what was found. */
const MAX_SIGNATURE = 1024;
/** Stands for the names that a list has no room for. */
export const CUT = "…";

/** Several names as one signature, as many as there is room for; null without any. `isCut`: there are more than these. */
export function joinNames(names: readonly string[], isCut = false): string | null {
  if (names.length === 0) return null;
  const all = [...names, ...(isCut ? [CUT] : [])].join(", ");
  if (all.length <= MAX_SIGNATURE) return all;
  const cut = all.slice(0, MAX_SIGNATURE - `, ${CUT}`.length);
  const end = cut.lastIndexOf(", ");
  return `${end === -1 ? cut : cut.slice(0, end)}, ${CUT}`;
}
