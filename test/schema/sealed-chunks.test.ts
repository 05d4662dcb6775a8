import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { freePieces } from "../../schema/free-pieces.js";
import { createSampleKey, SAMPLE_KEY, sealChunk, TAG_BYTES, unsealChunk } from "../../schema/sealed-chunks.js";
import { CHUNK_BYTES, LARGEST_MESSAGE_BYTES } from "../../schema/streams.js";

const key = createSampleKey();
const seal = (bytes: Uint8Array, n = 0, by = key) => Buffer.concat(sealChunk(by, n, [bytes]));
const SECRET = Buffer.from("the bytes of a sample");

describe("a sealed chunk", () => {
  it.each([0, 1, 65_535, 65_536, 65_537, CHUNK_BYTES])(
    "of %i bytes is opened in its own memory, however it came in pieces",
    (size) => {
      const bytes = randomBytes(size);
      const pieces = [bytes.subarray(0, 3), bytes.subarray(3, 3), bytes.subarray(3, 70_000), bytes.subarray(70_000)];
      const sealed = Buffer.concat(sealChunk(key, 5, pieces));
      expect(sealed.length).toBe(size + TAG_BYTES);
      expect(sealed.equals(seal(bytes, 5))).toBe(true);
      const opened = unsealChunk(key, 5, sealed);
      expect(opened?.buffer).toBe(sealed.buffer);
      expect(bytes.equals(opened ?? Buffer.from("nothing"))).toBe(true);
    },
  );

  it("shows nothing of the bytes, and is another one for each number and each key", () => {
    const ways = [seal(SECRET), seal(SECRET, 1), seal(SECRET, 0, createSampleKey())];
    for (const way of ways) expect(way.includes(SECRET.subarray(0, 4))).toBe(false);
    expect(new Set(ways.map(String)).size).toBe(3);
  });

  it.each<[string, () => Uint8Array | undefined]>([
    ["a bit of it is another one", () => unsealChunk(key, 0, altered(seal(SECRET), 2))],
    ["a bit of its tag is another one", () => unsealChunk(key, 0, altered(seal(SECRET), SECRET.length))],
    ["it is cut", () => unsealChunk(key, 0, seal(SECRET).subarray(0, -1))],
    ["it is shorter than a tag", () => unsealChunk(key, 0, Buffer.alloc(TAG_BYTES - 1))],
    ["there is more of it", () => unsealChunk(key, 0, Buffer.concat([seal(SECRET), Buffer.alloc(1)]))],
    ["it is another chunk of the blob", () => unsealChunk(key, 0, seal(SECRET, 1))],
    ["it is of another blob", () => unsealChunk(key, 0, seal(SECRET, 0, createSampleKey()))],
    ["it was never sealed", () => unsealChunk(key, 0, Buffer.concat([SECRET, Buffer.alloc(TAG_BYTES)]))],
  ])("is not opened if %s", (_why, open) => {
    expect(open()).toBeUndefined();
  });

  it("frees its own memory and no other", () => {
    const sealed = sealChunk(key, 0, [randomBytes(100_000)]);
    const part = Buffer.alloc(100).subarray(0, 50);
    freePieces([...sealed, part, Buffer.alloc(0)]);
    const canFree = "transfer" in ArrayBuffer.prototype;
    expect(sealed.map(({ length }) => length)).toEqual(canFree ? [0, 0] : [100_000, TAG_BYTES]);
    expect(part.length).toBe(50);
  });

  it("fits into a message with its headers", () => {
    expect(seal(Buffer.alloc(CHUNK_BYTES)).length).toBeLessThan(LARGEST_MESSAGE_BYTES - 512);
  });
});

it("no two keys are the same, and each is what a request may carry", () => {
  const keys = Array.from({ length: 1_000 }, createSampleKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((one) => SAMPLE_KEY.test(one) && Buffer.from(one, "base64").length === 32)).toBe(true);
});

function altered(bytes: Buffer, at: number): Buffer {
  return Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
}
