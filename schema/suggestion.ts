import { closest, distance } from "fastest-levenshtein";

/** Letters by which a misspelt name may differ from the suggested one. */
const DISTANCE_MAX = 2;

/** The end of a sentence about an unknown name, such as `; did you mean ClamAV?`; empty if no known name is similar. */
export function suggestName(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const word = name.toLowerCase();
  const nearest = closest(
    word,
    known.map((other) => other.toLowerCase()),
  );
  // Two letters are most of a short name.
  if (distance(word, nearest) > Math.min(DISTANCE_MAX, Math.floor(word.length / 2))) return "";
  return `; did you mean ${known.find((other) => other.toLowerCase() === nearest)}?`;
}
