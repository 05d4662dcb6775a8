import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { batched } from "../../../gateway/batches/batch.js";
import { chunked, openWindow } from "../../../gateway/batches/flow.js";

describe("chunked", () => {
  async function lengths(parts: number[], size: number): Promise<number[]> {
    async function* source(): AsyncGenerator<Uint8Array> {
      for (const part of parts) yield Buffer.alloc(part, 1);
    }
    const found: number[] = [];
    for await (const chunk of chunked(source(), size)) found.push(Buffer.concat(chunk).length);
    return found;
  }

  it.each([
    [[], []],
    [[0, 0], []],
    [[4], [4]],
    [[10], [10]],
    [[11], [10, 1]],
    [
      [3, 3, 3, 3],
      [10, 2],
    ],
    [
      [25, 5],
      [10, 10, 10],
    ],
  ])("makes of parts of %j bytes chunks of %j", async (parts, chunks) => {
    expect(await lengths(parts, 10)).toEqual(chunks);
  });

  it("keeps the bytes in order", async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 251));
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < bytes.length; i += 7) yield bytes.subarray(i, i + 7);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunked(source(), 64)) chunks.push(...chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it("joins very small pieces, copies no others, and keeps all of them in order", async () => {
    const large = [randomBytes(40_000), randomBytes(70_000)];
    const small = Array.from({ length: 200_000 }, (_, i) => Buffer.of(i % 251));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* [large[0], ...small, large[1], ...small] as Buffer[];
    }
    const chunks: Uint8Array[][] = [];
    for await (const chunk of chunked(source(), 1_000_000)) chunks.push(chunk);
    const [pieces = []] = chunks;
    expect(chunks).toHaveLength(1);
    expect(pieces.length).toBeLessThan(2_000);
    expect(pieces.filter((piece) => large.some(({ buffer }) => buffer === piece.buffer))).toHaveLength(2);
    const all = Buffer.concat([large[0], ...small, large[1], ...small] as Buffer[]);
    expect(Buffer.concat(pieces).equals(all)).toBe(true);
  });
});

describe("a window", () => {
  it("runs no more tasks at once than it has places, and keeps their results in order", async () => {
    const window = openWindow<number>(3);
    let running = 0;
    let most = 0;
    for (let i = 0; i < 12; i += 1) {
      await window.add(async () => {
        most = Math.max(most, (running += 1));
        await new Promise((resolve) => setTimeout(resolve, 12 - i));
        running -= 1;
        return i;
      });
    }
    expect(await window.all()).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(most).toBe(3);
  });

  it("fails with the first failure and still tells what succeeded", async () => {
    const window = openWindow<number>(1);
    await window.add(async () => 1);
    await window.add(() => Promise.reject(new Error("second")));
    await expect(window.add(async () => 3)).rejects.toThrow("second");
    await expect(window.all()).rejects.toThrow("second");
    expect(await window.settled()).toEqual([1]);
  });
});

describe("a batch", () => {
  it("serves alone what comes alone, and together what arrives while it is at work", async () => {
    const sizes: number[] = [];
    const double = batched(
      async (items: number[]) => {
        sizes.push(items.length);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return items.map((item) => item * 2);
      },
      { size: 4, parallel: 1 },
    );
    const first = double(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const rest = Promise.all([2, 3, 4, 5, 6].map(double));
    expect(await first).toBe(2);
    expect(await rest).toEqual([4, 6, 8, 10, 12]);
    expect(sizes).toEqual([1, 4, 1]);
  });

  it("fails each of its items when it fails, and goes on with the next", async () => {
    let calls = 0;
    const work = batched(
      async (items: string[]) => {
        calls += 1;
        if (calls === 1) throw new Error("away");
        return items;
      },
      { size: 10, parallel: 1 },
    );
    await expect(Promise.allSettled([work("a"), work("b")])).resolves.toMatchObject([
      { status: "rejected" },
      { status: "rejected" },
    ]);
    await expect(work("c")).resolves.toBe("c");
  });
});
