import { createHash, type Hash } from "node:crypto";
import { fileTypeFromBuffer } from "file-type";
import type { Hashes } from "../../schema/reports.js";

/** How many bytes are read to detect a sample's MIME type. */
const TYPE_BYTES = 4096;

/** What the bytes of a sample tell about it. */
export interface Content extends Hashes {
  readonly size: number;
  readonly mime: string;
}

/** Computes the content as the bytes pass through. */
export interface ContentReader {
  update(bytes: Uint8Array): void;
  size(): number;
  finish(): Promise<Content>;
}

export function readContent(): ContentReader {
  const hashes: Record<keyof Hashes, Hash> = { md5: createHash("md5"), sha1: createHash("sha1"), sha256: createHash("sha256") };
  let size = 0;
  let head = Buffer.alloc(0);
  return {
    update(bytes) {
      for (const hash of Object.values(hashes)) hash.update(bytes);
      if (head.length < TYPE_BYTES) head = Buffer.concat([head, bytes.subarray(0, TYPE_BYTES - head.length)]);
      size += bytes.length;
    },
    size: () => size,
    async finish() {
      const hex = (name: keyof Hashes) => hashes[name].digest("hex");
      return { md5: hex("md5"), sha1: hex("sha1"), sha256: hex("sha256"), size, mime: await mimeOf(head) };
    },
  };
}

async function mimeOf(head: Buffer): Promise<string> {
  if (head.length === 0) return "application/x-empty";
  return (await typeBySignature(head)) ?? (looksLikeText(head) ? "text/plain" : "application/octet-stream");
}

/**
 * Lower case, because types are compared that way. The library throws for some heads that end inside a structure: their type is unknown.
 */
async function typeBySignature(head: Buffer): Promise<string | undefined> {
  try {
    return (await fileTypeFromBuffer(head))?.mime.toLowerCase();
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function looksLikeText(head: Buffer): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d || byte === 0x1b);
}
