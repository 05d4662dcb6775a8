import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { fileTypeFromBuffer } from "file-type";

const READ_BYTES = 256 * 1024;
/** A file's type shows in its beginning. */
const HEAD_BYTES = 64 * 1024;

/** What FileInfo measures by itself. */
export interface Measurements {
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Shannon entropy in bits per byte, 0 to 8. */
  readonly entropy: number;
  /** MIME type; undefined where the file's beginning does not show it. */
  readonly mime: string | undefined;
}

/** Reads the file once, in parts, for its hashes and its entropy; or the bytes. */
export async function measure(given: string | Uint8Array): Promise<Measurements> {
  const md5 = createHash("md5");
  const sha1 = createHash("sha1");
  const sha256 = createHash("sha256");
  const counts = new Float64Array(256);
  let size = 0;
  const parts = typeof given === "string" ? createReadStream(given, { highWaterMark: READ_BYTES }) : [given];
  for await (const part of parts as AsyncIterable<Uint8Array> | Uint8Array[]) {
    for (const hash of [md5, sha1, sha256]) hash.update(part);
    // The array has an element for each value of a byte.
    for (let i = 0; i < part.length; i++) counts[part[i] as number]! += 1;
    size += part.length;
  }
  return {
    md5: md5.digest("hex"),
    sha1: sha1.digest("hex"),
    sha256: sha256.digest("hex"),
    size,
    entropy: computeEntropy(counts, size),
    mime: (await fileTypeFromBuffer(typeof given === "string" ? await readHead(given) : given.subarray(0, HEAD_BYTES)))?.mime,
  };
}

function computeEntropy(counts: Float64Array, size: number): number {
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / size) * Math.log2(count / size);
  return Math.round(bits * 10_000) / 10_000;
}

async function readHead(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}
