import { expect, it } from "vitest";
import { batched } from "../../../gateway/batches/batch.js";

/** Work whose end the test decides: `batches` are those that have begun, `end` ends the oldest that is at work. */
function openWork() {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const work = async (items: number[]) => {
    batches.push(items);
    await new Promise<void>((resolve) => ends.push(resolve));
    return items;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const end = async () => {
    ends.shift()?.();
    await turn();
  };
  return { work, batches, end, turn };
}

it("a lone item waits for no other batch, and what comes meanwhile goes together", async () => {
  const { work, batches, end, turn } = openWork();
  const take = batched(work, { size: 100, parallel: 2 });
  const answers: Promise<number>[] = [];
  for (const item of [1, 2]) {
    answers.push(take(item));
    await turn();
  }
  expect(batches).toEqual([[1], [2]]);
  answers.push(take(3), take(4));
  await turn();
  expect(batches).toEqual([[1], [2]]);
  await end();
  expect(batches).toEqual([[1], [2], [3, 4]]);
  answers.push(take(5), take(6));
  await end();
  // One is at work, and several wait: they wait for its end.
  expect(batches).toHaveLength(3);
  await end();
  expect(batches.at(-1)).toEqual([5, 6]);
  await end();
  // The last ones have been taken alone again.
  answers.push(take(7));
  await turn();
  await end();
  answers.push(take(8), take(9));
  await turn();
  await end();
  expect(await Promise.all(answers.slice(0, 7))).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

it("a batch that fails fails each of its items, and the next goes on", async () => {
  const take = batched(async (items: number[]) => (items.includes(0) ? Promise.reject(new Error("zero")) : items), {
    size: 10,
    parallel: 1,
  });
  const [zero, one] = await Promise.allSettled([take(0), take(1)]);
  expect([zero.status, one.status]).toEqual(["rejected", "rejected"]);
  expect(await take(2)).toBe(2);
});
