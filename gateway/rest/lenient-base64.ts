const DATA_URL = /^\s*data:[^,]{0,200};base64,/i;
const ALPHABET = /^[A-Za-z0-9+/_-]*$/;

/** The bytes of base64 as callers write it: white space, missing padding and a `data:` prefix are taken. Undefined if it is none. */
export function lenientBase64(text: string): Buffer | undefined {
  const digits = text.replace(DATA_URL, "").replace(/\s+/g, "").replace(/=+$/, "");
  if (digits.length % 4 === 1 || !ALPHABET.test(digits)) return undefined;
  return Buffer.from(digits, "base64");
}
