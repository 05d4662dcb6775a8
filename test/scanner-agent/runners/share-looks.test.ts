import { expect, test } from "vitest";
import { Unavailable } from "../../../scanner-agent/contract.js";
import { shareLooks } from "../../../scanner-agent/runners/share-looks.js";
import { gate } from "../stage/puppet-engine.js";

test("those who ask while somebody looks share the next look, which begins after they asked", async () => {
  const gates = [gate(), gate(), gate()];
  let looks = 0;
  const look = shareLooks(async () => {
    const n = looks++;
    await gates[n]?.opened;
    return n;
  });
  const first = look();
  const others = [look(), look(), look()];
  await new Promise(setImmediate);
  expect(looks, "one at a time").toBe(1);
  gates[0]?.open();
  expect(await first).toBe(0);
  await expect.poll(() => looks).toBe(2);
  const later = look();
  gates[1]?.open();
  expect(await Promise.all(others)).toEqual([1, 1, 1]);
  gates[2]?.open();
  expect([await later, await look()]).toEqual([2, 3]);
});

test("a look that fails fails for those who share it, and the next one begins all the same", async () => {
  let looks = 0;
  const look = shareLooks(() => (++looks < 3 ? Promise.reject(new Error(`look ${looks}`)) : Promise.resolve(looks)));
  const [first, second, shared] = await Promise.allSettled([look(), look(), look()]);
  expect([first, second, shared]).toMatchObject([
    { reason: { message: "look 1" } },
    { reason: { message: "look 2" } },
    { reason: { message: "look 2" } },
  ]);
  expect(await look()).toBe(3);
});

test("a look that does not end fails after its limit, and the next one begins", async () => {
  let looks = 0;
  const look = shareLooks(() => (++looks === 1 ? new Promise<number>(() => undefined) : Promise.resolve(looks)), 20);
  const [first, shared] = await Promise.allSettled([look(), look()]);
  expect([first, shared]).toMatchObject([{ reason: new Unavailable("no answer within 0.02 s") }, { value: 2 }]);
});
