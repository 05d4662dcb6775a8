import { sql, type RawBuilder } from "kysely";

/** How many characters of a scan's name are indexed. */
const INDEXED_CHARACTERS = 64;

/** The indexed form of scans' names: their beginnings, with ASCII letters in lower case. */
export const INDEXED_NAME: RawBuilder<string> = sql`lower(left(scans.name, ${sql.lit(INDEXED_CHARACTERS)}) collate "C")`;

/** A name, or the beginning of one, in the form of {@link INDEXED_NAME}. */
export function indexedPart(name: string): string {
  return lowerAscii(Array.from(name).slice(0, INDEXED_CHARACTERS).join(""));
}

/** Index prefixes of names that begin like this in any case: cut after the first letter that is not ASCII, in each of its cases. */
export function indexedParts(beginning: string): string[] {
  const [, ascii = "", other = ""] = /^([\0-\x7f]*)(.?)/su.exec(beginning) ?? [];
  return [...new Set([other, other.toLowerCase(), other.toUpperCase()])].map((letter) => indexedPart(ascii + letter));
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
