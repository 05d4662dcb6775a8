/** PDF: whether it is encrypted with a password that a reader would ask for (ISO 32000-2, 7.6). */

import { opensWithoutPassword, type StandardEncryption } from "./pdf-password.js";
import { readAt, windowsOf, type Source } from "./source.js";

/** `/Encrypt` of a trailer, however its letters are escaped, with the reference or the dictionary behind it. */
const ENCRYPT =
  /\/(?:E|#45)(?:n|#6[eE])(?:c|#63)(?:r|#72)(?:y|#79)(?:p|#70)(?:t|#74)(?![A-Za-z0-9#])\s*(?:(\d{1,10})\s+(\d{1,5})\s+R|(?=<<))/g;
const IDENTITY = /\/ID\s*\[\s*(<[0-9a-fA-F\s]*>|\()/g;
const DICTIONARY_BYTES = 8 * 1024;
const OVERLAP = 64;
const MANY = 64;

/** How it is encrypted; undefined if it is not, or opens without a password. */
export function pdfEncryption(source: Source): string | undefined {
  const dictionaries = encryptionDictionaries(source);
  if (dictionaries.length === 0) return undefined;
  const ids = [...identities(source), Buffer.alloc(0)];
  for (const dictionary of dictionaries) {
    const filter = nameOf(dictionary, "Filter");
    if (filter === undefined) continue;
    if (filter !== "Standard") return filter;
    const standard = standardOf(dictionary);
    if (standard === undefined || !ids.some((id) => opensWithoutPassword(standard, id)))
      return `Standard ${standard === undefined ? "" : `revision ${standard.revision}`}`.trim();
  }
  return undefined;
}

function encryptionDictionaries(source: Source): Buffer[] {
  const found: Buffer[] = [];
  const wanted = new Set<string>();
  for (const { bytes, position } of windowsOf(source, OVERLAP)) {
    for (const match of bytes.toString("latin1").matchAll(ENCRYPT)) {
      const [all, object, generation] = match;
      if (found.length + wanted.size >= MANY) break;
      if (object === undefined) found.push(readAt(source, position + match.index + all.length, DICTIONARY_BYTES));
      else wanted.add(`${Number(object)} ${Number(generation)}`);
    }
  }
  if (wanted.size === 0) return found;
  for (const { bytes, position } of windowsOf(source, OVERLAP)) {
    for (const match of bytes.toString("latin1").matchAll(/(\d{1,10})\s+(\d{1,5})\s+obj\b/g)) {
      if (found.length >= MANY || !wanted.has(`${Number(match[1])} ${Number(match[2])}`)) continue;
      found.push(readAt(source, position + match.index + match[0].length, DICTIONARY_BYTES));
    }
  }
  return found;
}

function identities(source: Source): Buffer[] {
  const ids: Buffer[] = [];
  for (const { bytes, position } of windowsOf(source, OVERLAP)) {
    for (const match of bytes.toString("latin1").matchAll(IDENTITY)) {
      const value = match[1] ?? "";
      const start = position + match.index + match[0].length - value.length;
      if (ids.length < MANY) ids.push(stringAt(readAt(source, start, 1024), 0) ?? Buffer.alloc(0));
    }
  }
  return ids;
}

function standardOf(dictionary: Buffer): StandardEncryption | undefined {
  const [owner, user] = [stringOf(dictionary, "O"), stringOf(dictionary, "U")];
  const [revision, permissions] = [numberOf(dictionary, "R"), numberOf(dictionary, "P")];
  if (owner === undefined || user === undefined || revision === undefined || permissions === undefined) return undefined;
  // Crypt filters (V 4) carry the length of 128 bits by themselves.
  const bits = numberOf(dictionary, "V") === 4 ? 128 : (numberOf(dictionary, "Length") ?? 40);
  const metadata = !/\/EncryptMetadata\s+false/.test(dictionary.toString("latin1"));
  return { revision, owner, user, permissions, keyBytes: Math.min(16, Math.max(5, bits >> 3)), metadata };
}

function valueAt(dictionary: Buffer, key: string): number | undefined {
  const match = new RegExp(`/${key}(?![A-Za-z0-9])\\s*`).exec(dictionary.toString("latin1"));
  return match === null ? undefined : match.index + match[0].length;
}

function numberOf(dictionary: Buffer, key: string): number | undefined {
  const at = valueAt(dictionary, key);
  const digits = at === undefined ? undefined : /^[+-]?\d{1,12}/.exec(dictionary.toString("latin1", at, at + 16))?.[0];
  return digits === undefined ? undefined : Number(digits);
}

function nameOf(dictionary: Buffer, key: string): string | undefined {
  const at = valueAt(dictionary, key);
  const name = at === undefined ? undefined : /^\/([^\s/<>[\]()]{1,64})/.exec(dictionary.toString("latin1", at, at + 80))?.[1];
  return name?.replaceAll(/#([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function stringOf(dictionary: Buffer, key: string): Buffer | undefined {
  const at = valueAt(dictionary, key);
  return at === undefined ? undefined : stringAt(dictionary, at);
}

/** A string of PDF, hexadecimal or literal. */
function stringAt(bytes: Buffer, at: number): Buffer | undefined {
  if (bytes[at] === 0x3c) {
    const end = bytes.indexOf(">", at);
    const digits = end < 0 ? "" : bytes.toString("latin1", at + 1, end).replaceAll(/\s/g, "");
    return end < 0 ? undefined : Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, "hex");
  }
  return bytes[at] === 0x28 ? literalAt(bytes, at + 1) : undefined;
}

const ESCAPED: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, f: 12 };

function literalAt(bytes: Buffer, start: number): Buffer | undefined {
  const out: number[] = [];
  let depth = 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x5c) {
      const octal = /^[0-7]{1,3}/.exec(bytes.toString("latin1", at + 1, at + 4))?.[0];
      const next = String.fromCharCode(bytes[at + 1] ?? 0);
      at += octal?.length ?? (next === "\r" && bytes[at + 2] === 0x0a ? 2 : 1);
      // A line break behind a backslash is no part of the string.
      if (octal !== undefined) out.push(Number.parseInt(octal, 8) & 0xff);
      else if (next !== "\n" && next !== "\r") out.push(ESCAPED[next] ?? next.charCodeAt(0));
      continue;
    }
    if (byte === 0x28) depth += 1;
    if (byte === 0x29 && (depth -= 1) === 0) return Buffer.from(out);
    out.push(byte);
  }
  return undefined;
}
