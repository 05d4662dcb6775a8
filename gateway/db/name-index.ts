/** As many characters of a scan's name as the index on names holds. */
export const INDEXED_CHARACTERS = 64;

/** The part of a name that the index holds. */
export function indexedPart(name: string): string {
  return Array.from(name).slice(0, INDEXED_CHARACTERS).join("");
}
