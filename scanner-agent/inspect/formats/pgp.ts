/** OpenPGP messages: whether their content is encrypted (RFC 9580). */

import { memorySource, readAt, windowsOf, type Source } from "./source.js";

const PUBLIC_KEY_SESSION = 1;
const SYMMETRIC_SESSION = 3;
const MARKER = 10;
/** Symmetrically encrypted data, in its three forms. */
const ENCRYPTED = new Set([9, 18, 20]);
const ARMOR = "-----BEGIN PGP MESSAGE-----";
/** Session keys for some hundred readers fit. */
const ARMOR_TEXT = 256 * 1024;
const PACKETS = 1_000;
const HEAD_BYTES = 64 * 1024;
/** The minimum size of the first part of data in parts, and of every part but the last. */
const LEAST_PART = 512;

interface Packet {
  readonly tag: number;
  readonly body: number;
  readonly end: number;
  /** Its data is in parts, whose lengths are not known yet. */
  readonly inParts?: true;
}

/** Whether a file may begin with an encrypted message: with a session key or with encrypted data. */
export function mayBePgp(head: Buffer): boolean {
  const packet = packetAt(head, 0);
  return (
    packet !== undefined && (ENCRYPTED.has(packet.tag) ? packet.tag !== 9 && isVersion(head, packet) : isSession(head, packet))
  );
}

/** How a message is encrypted; undefined if it is not: signed, compressed, a key, or none at all. */
export function pgpEncryption(source: Source): string | undefined {
  const data = readAt(source, 0, HEAD_BYTES);
  let method: string | undefined;
  let at = 0;
  for (let count = 0; count < PACKETS; count++) {
    const packet = packetAt(data, at);
    if (packet === undefined) return undefined;
    if (ENCRYPTED.has(packet.tag)) {
      if (packet.tag !== 9 && !isVersion(data, packet)) return undefined;
      return method ?? (packet.tag !== 9 && fillsFile(source, packet, at) ? "OpenPGP" : undefined);
    }
    if (isSession(data, packet)) method = packet.tag === SYMMETRIC_SESSION ? "OpenPGP with a password" : "OpenPGP to a key";
    else if (packet.tag !== MARKER) return undefined;
    at = packet.end;
  }
  return undefined;
}

/**
 * Whether a packet ends where the file ends. Encrypted data without a session key before it is recognised by two bytes alone, which one in
 * 30,000 random files begins with.
 */
function fillsFile(source: Source, packet: Packet, at: number): boolean {
  if (!packet.inParts) return packet.end === source.size;
  for (let next = at + 1; next < source.size;) {
    const header = readAt(source, next, 5);
    const length = header[0] ?? 0;
    if (length < 192) return next + 1 + length === source.size;
    if (header.length < 5) return false;
    if (length < 224) return next + 2 + ((length - 192) << 8) + header.readUInt8(1) + 192 === source.size;
    if (length === 255) return next + 5 + header.readUInt32BE(1) === source.size;
    const part = 2 ** (length & 0x1f);
    if (part < LEAST_PART) return false;
    next += 1 + part;
  }
  return false;
}

/** The same for every message in a text. */
export function armoredPgpEncryption(source: Source): string | undefined {
  for (const { bytes } of windowsOf(source, ARMOR_TEXT)) {
    for (let at = bytes.indexOf(ARMOR); at >= 0; at = bytes.indexOf(ARMOR, at + 1)) {
      const text = bytes.toString("latin1", at + ARMOR.length, at + ARMOR.length + ARMOR_TEXT).replaceAll("\r", "");
      // Headers of the armor, an empty line, base64, then the checksum or the end line.
      const body = /^[^\n]*\n(?:[A-Za-z]+: [^\n]*\n)*[ \t]*\n([A-Za-z0-9+/=\s]+)/.exec(text)?.[1];
      const method =
        body === undefined ? undefined : pgpEncryption(memorySource(Buffer.from(body.replace(/\n=[\s\S]*$/, ""), "base64")));
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
  // Nothing behind it is examined.
  return { tag, body: at + 2, end: data.length, inParts: true };
}
