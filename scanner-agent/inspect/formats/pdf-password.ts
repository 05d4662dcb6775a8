/** The standard security handler of PDF: whether the empty user password opens a document. */

import { createCipheriv, createHash } from "node:crypto";

/** What an encryption dictionary says. */
export interface StandardEncryption {
  readonly revision: number;
  readonly owner: Buffer;
  readonly user: Buffer;
  readonly permissions: number;
  readonly keyBytes: number;
  /** Whether metadata is encrypted too. */
  readonly metadata: boolean;
}

const PADDING = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");
const SALT = 8;
const HASH = 32;

/** Whether a reader opens it without asking. */
export function opensWithoutPassword(encryption: StandardEncryption, id: Buffer): boolean {
  const { revision, user } = encryption;
  if (revision >= 5) {
    const salt = user.subarray(HASH, HASH + SALT);
    const hash = revision === 5 ? digest("sha256", salt) : hardened(salt);
    return salt.length === SALT && hash.equals(user.subarray(0, HASH));
  }
  const key = keyOf(encryption, id);
  if (revision === 2) return rc4(key, PADDING).equals(user.subarray(0, HASH));
  let value = rc4(key, digest("md5", PADDING, id));
  for (let round = 1; round < 20; round++) value = rc4(Buffer.from(key.map((byte) => byte ^ round)), value);
  return value.equals(user.subarray(0, value.length));
}

function keyOf({ revision, owner, permissions, keyBytes, metadata }: StandardEncryption, id: Buffer): Buffer {
  const flags = Buffer.alloc(4);
  flags.writeInt32LE(permissions | 0);
  const open = revision >= 4 && !metadata ? Buffer.from("ffffffff", "hex") : Buffer.alloc(0);
  const length = revision === 2 ? 5 : keyBytes;
  let key = digest("md5", PADDING, owner.subarray(0, HASH), flags, id, open);
  for (let round = 0; revision >= 3 && round < 50; round++) key = digest("md5", key.subarray(0, length));
  return key.subarray(0, length);
}

/** Algorithm 2.B, for the empty password. */
function hardened(salt: Buffer): Buffer {
  let key = digest("sha256", salt);
  for (let round = 0; ; round++) {
    const cipher = createCipheriv("aes-128-cbc", key.subarray(0, 16), key.subarray(16, 32)).setAutoPadding(false);
    const block = Buffer.concat(Array.from({ length: 64 }, () => key));
    const out = cipher.update(block);
    const remainder = out.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = digest(["sha256", "sha384", "sha512"][remainder] ?? "sha256", out);
    if (round >= 63 && (out.at(-1) ?? 0) <= round - 31) return key.subarray(0, HASH);
  }
}

function digest(name: string, ...parts: readonly Buffer[]): Buffer {
  const hash = createHash(name);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Node's own needs OpenSSL's legacy provider. */
function rc4(key: Buffer, data: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i);
  const at = (i: number) => state[i & 255] ?? 0;
  const swap = (i: number, j: number) => ([state[i & 255], state[j & 255]] = [at(j), at(i)]);
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return Buffer.from(
    data.map((byte) => {
      i = (i + 1) & 255;
      j = (j + at(i)) & 255;
      swap(i, j);
      return byte ^ at(at(i) + at(j));
    }),
  );
}
