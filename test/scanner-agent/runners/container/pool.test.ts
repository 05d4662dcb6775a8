import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { Unavailable } from "../../../../scanner-agent/contract.js";
import { createPool } from "../../../../scanner-agent/runners/container/pool.js";
import type { WarmContainer } from "../../../../scanner-agent/runners/container/warm-container.js";

const log = pino({ level: "silent" });
const { signal } = new AbortController();

function warm(): WarmContainer {
  return {
    scans: 0,
    createdAt: Date.now(),
    hasEnded: () => false,
    isQuiet: () => Promise.resolve(true),
    discard: () => Promise.resolve(),
  } as unknown as WarmContainer;
}

/** A pool whose containers are made when the test says so. */
function poolOf(size: number) {
  const makings: { succeed(): void; fail(): void }[] = [];
  const make = () =>
    new Promise<WarmContainer>((resolve, reject) =>
      makings.push({ succeed: () => resolve(warm()), fail: () => reject(new Unavailable("no memory")) }),
    );
  return { pool: createPool({ size, scans: 100, afterMs: 600_000, make, log }), makings };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a container that cannot be made", () => {
  test("refuses one of those who wait for it; for the others it is tried again", async () => {
    const { pool, makings } = poolOf(1);
    const waiting = [1, 2].map(() => pool.take(false, signal));
    const settled = Promise.allSettled(waiting);
    makings[0]?.fail();
    await turn();
    expect(makings).toHaveLength(2);
    makings[1]?.succeed();
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    await pool.close();
  });

  test("refuses nobody while another is there", async () => {
    const { pool, makings } = poolOf(2);
    const waiting = [1, 2].map(() => pool.take(false, signal));
    makings[0]?.succeed();
    const first = await waiting[0];
    makings[1]?.fail();
    await turn();
    if (first !== undefined) pool.give(first, true);
    expect(await waiting[1]).toBe(first);
    await pool.close();
  });
});
