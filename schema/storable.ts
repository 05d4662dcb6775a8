/** Values from outside as Postgres takes them, within limits: what is too long or too deep is cut, never refused. */

/** A text without NUL and without half characters, which Postgres does not take, and no longer than `longest` characters. */
export function storableText(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .replaceAll("\0", "")
    .replaceAll(/\p{Surrogate}/gu, "\u{FFFD}");
}

/** Limits on a value. */
export interface ValueLimits {
  /** Characters of each text and key. */
  readonly text: number;
  /** Entries of each list and object. */
  readonly entries: number;
}

/** Lists and objects within each other; beyond it is null. */
const MAX_DEPTH = 32;
/** Texts, numbers, lists and objects in one value, all together. */
const MAX_VALUES = 50_000;
/** The widest limits that an engine's details may have. */
export const DETAILS_LIMITS: ValueLimits = { text: 65_536, entries: 10_000 };

/** A value of JSON within limits, and whether something of it was cut. Texts are made {@link storableText}. */
export function storableValue<T>(value: T, limits: ValueLimits): { value: T; cut: boolean } {
  let isCut = false;
  let values = 0;
  const bounded = <E>(items: readonly E[]): readonly E[] => {
    const room = Math.max(0, Math.min(limits.entries, MAX_VALUES - values));
    values += Math.min(room, items.length);
    if (items.length <= room) return items;
    isCut = true;
    return items.slice(0, room);
  };
  const text = (given: string): string => {
    if (given.length > limits.text) isCut = true;
    return storableText(given, limits.text);
  };
  const cut = (given: unknown, depth: number): unknown => {
    if (typeof given === "string") return text(given);
    if (typeof given !== "object" || given === null) return given;
    if (depth >= MAX_DEPTH) {
      isCut = true;
      return null;
    }
    if (Array.isArray(given)) return bounded(given).map((item) => cut(item, depth + 1));
    return Object.fromEntries(bounded(Object.entries(given)).map(([key, item]) => [text(key), cut(item, depth + 1)]));
  };
  return { value: cut(value, 0) as T, cut: isCut };
}
