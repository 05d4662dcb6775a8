/** OpenPGP messages: whether their content is encrypted (RFC 9580). */

import { windowsOf, type Source } from "./source.js";

const PUBLIC_KEY_SESSION = 1;
const SYMMETRIC_SESSION = 3;
const MARKER = 10;
/** Symmetrically encrypted data, in its three forms. */
const ENCRYPTED = new Set([9, 18, 20]);
const ARMOR = "-----BEGIN PGP MESSAGE-----";
/** Session keys for some hundred readers fit. */
const ARMOR_TEXT = 256 * 1024;
const PACKETS = 1_000;

interface Packet {
  readonly tag: number;
  readonly body: number;
  readonly end: number;
}

/** Whether a file may begin with an encrypted message: with a session key or with encrypted data. */
export function mayBePgp(head: Buffer): boolean {
  const packet = packetAt(head, 0);
  return (
    packet !== undefined && (ENCRYPTED.has(packet.tag) ? packet.tag !== 9 && isVersion(head, packet) : isSession(head, packet))
  );
}

/** How a message is encrypted; undefined if it is not: signed, compressed, a key, or none at all. */
export function pgpEncryption(data: Buffer): string | undefined {
  let method = "OpenPGP";
  let at = 0;
  for (let count = 0; count < PACKETS; count++) {
    const packet = packetAt(data, at);
    if (packet === undefined) return undefined;
    if (ENCRYPTED.has(packet.tag))
      return packet.tag === 9 ? (count > 0 ? method : undefined) : isVersion(data, packet) ? method : undefined;
    if (isSession(data, packet)) method = packet.tag === SYMMETRIC_SESSION ? "OpenPGP with a password" : "OpenPGP to a key";
    else if (packet.tag !== MARKER) return undefined;
    at = packet.end;
  }
  return undefined;
}

/** The same for every message in a text. */
export function armoredPgpEncryption(source: Source): string | undefined {
  for (const { bytes } of windowsOf(source, ARMOR_TEXT)) {
    for (let at = bytes.indexOf(ARMOR); at >= 0; at = bytes.indexOf(ARMOR, at + 1)) {
      const text = bytes.toString("latin1", at + ARMOR.length, at + ARMOR.length + ARMOR_TEXT).replaceAll("\r", "");
      // Headers of the armor, an empty line, base64, then the checksum or the end line.
      const body = /^[^\n]*\n(?:[A-Za-z]+: [^\n]*\n)*[ \t]*\n([A-Za-z0-9+/=\s]+)/.exec(text)?.[1];
      const method = body === undefined ? undefined : pgpEncryption(Buffer.from(body.replace(/\n=[\s\S]*$/, ""), "base64"));
      if (method !== undefined) return method;
    }
  }
  return undefined;
}

function isSession(data: Buffer, { tag, body, end }: Packet): boolean {
  const version = data[body] ?? 0;
  if (tag === PUBLIC_KEY_SESSION) return (version === 3 || version === 6) && end - body > 10 && end - body < 20_000;
  return tag === SYMMETRIC_SESSION && version >= 4 && version <= 6 && end - body < 200;
}

function isVersion(data: Buffer, { body, tag }: Packet): boolean {
  const version = data[body];
  return version === 1 || (tag === 18 && version === 2);
}

function packetAt(data: Buffer, at: number): Packet | undefined {
  const first = data[at];
  if (first === undefined || (first & 0x80) === 0) return undefined;
  return (first & 0x40) === 0 ? oldPacket(data, at, first) : newPacket(data, at, first);
}

function oldPacket(data: Buffer, at: number, first: number): Packet | undefined {
  const tag = (first >> 2) & 0x0f;
  const bytes = [1, 2, 4, 0][first & 3] ?? 0;
  const body = at + 1 + bytes;
  if (body > data.length) return undefined;
  return { tag, body, end: bytes === 0 ? data.length : body + data.readUIntBE(at + 1, bytes) };
}

function newPacket(data: Buffer, at: number, first: number): Packet | undefined {
  const tag = first & 0x3f;
  const length = data[at + 1];
  if (length === undefined || at + 6 > data.length) return undefined;
  if (length < 192) return { tag, body: at + 2, end: at + 2 + length };
  if (length < 224) return { tag, body: at + 3, end: at + 3 + ((length - 192) << 8) + (data[at + 2] ?? 0) + 192 };
  if (length === 255) return { tag, body: at + 6, end: at + 6 + data.readUInt32BE(at + 2) };
  // Data in parts: nothing that is looked at comes behind it.
  return { tag, body: at + 2, end: data.length };
}
