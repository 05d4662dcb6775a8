/**
 * How chunks of samples are sealed: AES-256-GCM with a key that only one blob has, and with the chunk's number as the nonce. A sealed
 * chunk is the encrypted bytes and a tag behind them. No key seals two different chunks under one number: a blob is written once.
 */

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  randomBytes,
  type CipherGCM,
  type DecipherGCM,
  type KeyObject,
} from "node:crypto";
import { freePieces } from "./free-pieces.js";

/** The newest way of sealing that is known here. Agents and gateways announce it; 1 is the one described above. */
export const SEALING = 1;

/** Bytes of the tag that sealing adds to a chunk. */
export const TAG_BYTES = 16;

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
/** Decrypted in parts of this size, so that the bytes are still in the processor's cache when they are copied back. */
const SLICE_BYTES = 16 * 1024;

/** What the text of a key looks like: base64 of 32 bytes. */
export const SAMPLE_KEY = /^[A-Za-z0-9+/]{43}=$/;

/** A new key, as text. */
export function createSampleKey(): string {
  return randomBytes(KEY_BYTES).toString("base64");
}

/** Seals chunk `n`. The pieces given are not changed. */
export function sealChunk(key: string, n: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const cipher = createCipheriv(ALGORITHM, keyOf(key), nonce(n)) as CipherGCM;
  const sealed: Uint8Array[] = pieces.map((piece) => cipher.update(piece));
  cipher.final();
  return [...sealed, cipher.getAuthTag()];
}

/** Opens chunk `n` in its own memory. Returns its bytes; undefined if it is not this chunk as it was sealed with the key. */
export function unsealChunk(key: string, n: number, sealed: Uint8Array): Uint8Array | undefined {
  const size = sealed.length - TAG_BYTES;
  if (size < 0) return undefined;
  const decipher = createDecipheriv(ALGORITHM, keyOf(key), nonce(n)) as DecipherGCM;
  decipher.setAuthTag(sealed.subarray(size));
  const bytes = sealed.subarray(0, size);
  for (let at = 0; at < size; at += SLICE_BYTES) {
    const slice = decipher.update(bytes.subarray(at, at + SLICE_BYTES));
    bytes.set(slice, at);
    freePieces([slice]);
  }
  return isAuthentic(decipher) ? bytes : undefined;
}

function isAuthentic(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    // Only the comparison of the tags can fail here.
    return false;
  }
}

/** As an object, because a cipher that is given the bytes takes 16 µs more on Node 24, which is more than a small sample's encryption. */
function keyOf(key: string): KeyObject {
  return createSecretKey(key, "base64");
}

function nonce(n: number): Buffer {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes.writeUInt32BE(n, NONCE_BYTES - 4);
  return bytes;
}
