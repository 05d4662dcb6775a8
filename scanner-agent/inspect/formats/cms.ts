/** CMS and S/MIME: whether the content is enveloped (RFC 5652, 5083). */

import { windowsOf, type Source } from "./source.js";

const TYPES: readonly (readonly [name: string, oid: Buffer])[] = [
  ["enveloped", Buffer.from("06092a864886f70d010703", "hex")],
  ["encrypted", Buffer.from("06092a864886f70d010706", "hex")],
  ["auth-enveloped", Buffer.from("060b2a864886f70d0109100117", "hex")],
];
const SEQUENCE = 0x30;
/** The content type stands at the beginning. */
const ENOUGH_BASE64 = 128;
const OVERLAP = 8 * 1024;
/** What announces base64 in a text, and what stands between. */
const TEXTS: readonly RegExp[] = [/-----BEGIN (?:PKCS7|CMS)-----[ \t]*\r?\n/g, /pkcs7-mime[^\0]{0,4000}?\r?\n[ \t]*\r?\n/g];

/** Whether a file may begin with enveloped data. */
export function mayBeCms(head: Buffer): boolean {
  return cmsEncryption(head) !== undefined;
}

/** How a CMS structure is encrypted; undefined if it is not. */
export function cmsEncryption(data: Buffer): string | undefined {
  if (data[0] !== SEQUENCE || data.length < 16) return undefined;
  const length = data[1] ?? 0;
  const content = length > 0x80 ? 2 + (length & 0x7f) : 2;
  return TYPES.find(([, oid]) => data.subarray(content, content + oid.length).equals(oid))?.[0];
}

/** The same for every structure in a text: PEM, or a mail of S/MIME. */
export function textCmsEncryption(source: Source): string | undefined {
  for (const { bytes } of windowsOf(source, OVERLAP)) {
    const text = bytes.toString("latin1");
    for (const announcement of TEXTS) {
      for (const match of text.matchAll(announcement)) {
        const at = match.index + match[0].length;
        const decoded = Buffer.from(text.slice(at, at + ENOUGH_BASE64), "base64");
        const method = cmsEncryption(bytes.subarray(at)) ?? cmsEncryption(decoded);
        if (method !== undefined) return method;
      }
    }
  }
  return undefined;
}
