/** Hashes of samples, as hex. */

import { z } from "zod";

/** How many hex digits each hash has. */
export const HASH_DIGITS = { md5: 32, sha1: 40, sha256: 64 } as const;

/** One of the names of {@link HASH_DIGITS}. */
export type HashName = keyof typeof HASH_DIGITS;

/** A sha256 as callers may write it: in either case. */
export const SHA256 = /^[0-9a-fA-F]{64}$/;

/** Which hash a text is, in either case; undefined if it is none. */
export function hashName(text: string): HashName | undefined {
  if (!/^[0-9a-fA-F]+$/.test(text)) return undefined;
  return (Object.keys(HASH_DIGITS) as HashName[]).find((name) => HASH_DIGITS[name] === text.length);
}

/** A hash as the mesh writes it: in lower case. */
export function hashPattern(name: HashName): RegExp {
  return new RegExp(`^[0-9a-f]{${HASH_DIGITS[name]}}$`);
}

/** A hash in a message, as {@link hashPattern} has it. */
export function hashText(name: HashName) {
  return z.string().regex(hashPattern(name));
}
