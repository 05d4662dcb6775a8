import { sql, type RawBuilder } from "kysely";

/** As many characters of a scan's name as the index on names holds. */
const INDEXED_CHARACTERS = 64;

/** What the index on the names of scans holds: their beginnings, with ASCII letters in lower case. */
export const INDEXED_NAME: RawBuilder<string> = sql`lower(left(scans.name, ${sql.lit(INDEXED_CHARACTERS)}) collate "C")`;

/** A name, or the beginning of one, as {@link INDEXED_NAME} has it. */
export function indexedPart(name: string): string {
  return lowerAscii(Array.from(name).slice(0, INDEXED_CHARACTERS).join(""));
}

/** What the index may hold of names that begin so in any case: up to the first letter that is not ASCII, in its cases. */
export function indexedParts(beginning: string): string[] {
  const [, ascii = "", other = ""] = /^([\0-\x7f]*)(.?)/su.exec(beginning) ?? [];
  return [...new Set([other, other.toLowerCase(), other.toUpperCase()])].map((letter) => indexedPart(ascii + letter));
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
