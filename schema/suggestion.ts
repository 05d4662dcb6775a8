import { closest, distance } from "fastest-levenshtein";

/** Letters by which a misspelt name may differ from the one that is meant. */
const NEAR = 2;

/** What a sentence about an unknown name ends with, such as `; is ClamAV meant?`; nothing if no known one is near. */
export function isMeant(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const word = name.toLowerCase();
  const nearest = closest(
    word,
    known.map((other) => other.toLowerCase()),
  );
  // Of a short name two letters are most of it.
  if (distance(word, nearest) > Math.min(NEAR, Math.floor(word.length / 2))) return "";
  return `; is ${known.find((other) => other.toLowerCase() === nearest)} meant?`;
}
