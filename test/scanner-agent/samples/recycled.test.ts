import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createSampleCache } from "../../../scanner-agent/samples/sample-cache.js";
import { createSampleMemory } from "../../../scanner-agent/samples/sample-memory.js";
import type { SampleReader } from "../../../scanner-agent/samples/sample-reader.js";
import { createSpoolFiles } from "../../../scanner-agent/samples/spool-files.js";
import { zipOf } from "../inspect/hand-made.js";

const PIECE_BYTES = 1_000_000;

/** A reader whose pieces are overwritten as soon as they are given back, and have more memory than bytes. */
function overwriting(bytes: Buffer): { reader: SampleReader; lent: Set<Uint8Array> } {
  const lent = new Set<Uint8Array>();
  const reader: SampleReader = {
    async *read() {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = Buffer.alloc(3 * PIECE_BYTES).subarray(0, Math.min(PIECE_BYTES, bytes.length - at));
        bytes.copy(piece, 0, at);
        lent.add(piece);
        yield piece;
      }
    },
    recycle(piece) {
      expect(lent.delete(piece)).toBe(true);
      piece.fill(0xff);
    },
    probe: async () => {},
  };
  return { reader, lent };
}

// The end of the archive is searched for where one piece ends and the next begins.
const zip = zipOf([{ name: "words.txt", content: Buffer.from("words") }]);
const sizes = [100, PIECE_BYTES, PIECE_BYTES + 10, 2 * PIECE_BYTES + 10, 3 * PIECE_BYTES];

test.each(sizes.flatMap((size) => [[size, 0] as const, [size, 4 * PIECE_BYTES] as const]))(
  "memory of a sample's %i bytes is given back once nobody looks at it any more (%i of them may stay in memory)",
  async (size, largest) => {
    const bytes = Buffer.concat([randomBytes(size), zip]);
    const folder = await mkdtemp(join(tmpdir(), "scanmesh-test-recycled-"));
    const { reader, lent } = overwriting(bytes);
    const files = createSpoolFiles(folder, pino({ level: "silent" }));
    const cache = createSampleCache(reader, createSampleMemory({ largest, total: largest }), files);
    const sample = { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, blob: "0" };
    const held = await cache.hold(sample, new AbortController().signal);
    expect(lent.size).toBe(0);
    expect(held.signatures()).toContainEqual({ format: "zip", at: "end" });
    expect((held.bytes ?? (await readFile(held.file()))).equals(bytes)).toBe(true);
    expect((await readFile(held.file())).equals(bytes)).toBe(true);
    await held.release();
    await rm(folder, { recursive: true });
  },
);

test("a sample in memory takes hardly more of it than is counted", async () => {
  const { reader, lent } = overwriting(Buffer.alloc(600));
  const roomy: SampleReader = { ...reader, read: () => readInto(Buffer.alloc(1_000).subarray(0, 600), lent) };
  const files = createSpoolFiles(tmpdir(), pino({ level: "silent" }));
  const cache = createSampleCache(roomy, createSampleMemory({ largest: 600, total: 600 }), files);
  const sample = { sha256: createHash("sha256").update(Buffer.alloc(600)).digest("hex"), size: 600, blob: "0" };
  const held = await cache.hold(sample, new AbortController().signal);
  expect(lent.size).toBe(0);
  expect(held.bytes).toEqual(Buffer.alloc(600));
  await held.release();
});

async function* readInto(piece: Buffer, lent: Set<Uint8Array>): AsyncGenerator<Uint8Array> {
  lent.add(piece);
  yield piece;
}
