import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { Watch, type Source, type Step } from "../../../gateway/watch/watch.js";

/** A watch whose steps are the test's, and who has registered with its source. */
function reading(step: Source<number>["step"]) {
  let wake = () => {};
  let registered = 0;
  const watch = new Watch<number>({
    register(call) {
      wake = call;
      registered += 1;
      return () => (registered -= 1);
    },
    step,
  });
  return { watch, wake: () => wake(), registered: () => registered };
}

/** Items that the test gives. */
function given() {
  const items: (Step<number> | "end" | Error)[] = [];
  const { wake, ...rest } = reading(() => {
    const item = items.shift();
    if (item instanceof Error) throw item;
    return item;
  });
  return {
    ...rest,
    give(...more: (Step<number> | "end" | Error)[]) {
      items.push(...more);
      wake();
    },
  };
}

/** Items whose each step the test answers by hand. */
function slow() {
  const steps: { answer(found: Step<number> | "end" | undefined): void; fail(error: Error): void }[] = [];
  return { ...reading(() => new Promise((answer, fail) => steps.push({ answer, fail }))), steps };
}

it("gives what is there at once, and tells when there is more", () => {
  const { watch, give } = given();
  let told = 0;
  watch.onReady(() => (told += 1));
  expect(watch.poll()).toBeUndefined();
  give({ value: 1 }, { value: 2 });
  expect(told).toBe(1);
  expect([watch.poll(), watch.poll(), watch.poll()]).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, undefined]);
});

it("ends after its last item, and lets go of its source once", () => {
  const { watch, give, registered } = given();
  give({ value: 1, last: true });
  expect(registered()).toBe(1);
  expect(watch.poll()).toEqual({ done: false, value: 1 });
  expect(registered()).toBe(0);
  expect([watch.poll(), watch.poll()]).toEqual([{ done: true }, { done: true }]);
  watch.cancel();
  expect(registered()).toBe(0);
});

it("can be waited for, item by item, to its end", async () => {
  const { watch, give, registered } = given();
  const found: number[] = [];
  const reading = (async () => {
    for await (const value of watch) found.push(value);
  })();
  for (const value of [1, 2, 3]) {
    give({ value });
    await pause(0);
  }
  give("end");
  await reading;
  expect(found).toEqual([1, 2, 3]);
  expect(registered()).toBe(0);
});

it("ends whoever waits when it is returned from, and gives nothing afterwards", async () => {
  const { watch, give, registered } = given();
  const waiting = watch.next();
  await watch.return();
  expect(await waiting).toEqual({ done: true });
  give({ value: 1 });
  expect(await watch.next()).toEqual({ done: true });
  expect(registered()).toBe(0);
});

it("tells nobody anything more once it is left", () => {
  const { watch, give } = given();
  let told = 0;
  watch.onReady(() => (told += 1));
  watch.cancel();
  give({ value: 1 });
  expect(told).toBe(0);
});

it("throws what its source throws, and has ended then", async () => {
  const { watch, give, registered } = given();
  give({ value: 1 }, new Error("broken"));
  expect(await watch.next()).toEqual({ done: false, value: 1 });
  await expect(watch.next()).rejects.toThrow("broken");
  expect(registered()).toBe(0);
  expect(await watch.next()).toEqual({ done: true });
});

const HERE = new AbortController().signal;

it("ends for a reader that leaves before anything is there", async () => {
  const { watch, registered } = given();
  const left = new AbortController();
  const ready = watch.ready(left.signal);
  left.abort();
  await ready;
  expect(registered()).toBe(0);
  expect(await watch.next()).toEqual({ done: true });
  expect(await (await given().watch.ready(left.signal)).next()).toEqual({ done: true });
});

it("keeps what it has begun with until it is taken, and throws what keeps it from beginning", async () => {
  const { watch, give } = given();
  const ready = watch.ready(HERE);
  give({ value: 1 });
  await ready;
  await watch.ready(HERE);
  expect(watch.poll()).toEqual({ done: false, value: 1 });

  const broken = given();
  broken.give(new Error("there is none"));
  await expect(broken.watch.ready(HERE)).rejects.toThrow("there is none");
});

it("asks a slow source for one thing at a time, and again if it was woken meanwhile", async () => {
  const { watch, steps, wake } = slow();
  let told = 0;
  watch.onReady(() => (told += 1));
  expect([watch.poll(), watch.poll()]).toEqual([undefined, undefined]);
  expect(steps).toHaveLength(1);
  wake();
  expect(told).toBe(0);
  steps[0]?.answer(undefined);
  await pause(0);
  expect(told).toBe(1);
  expect(watch.poll()).toBeUndefined();
  steps[1]?.answer({ value: 7 });
  await pause(0);
  expect(told).toBe(2);
  expect(watch.poll()).toEqual({ done: false, value: 7 });
});

it("tells of a slow source's failure, and forgets one that comes after it was left", async () => {
  const broken = slow();
  const waiting = broken.watch.next();
  broken.steps[0]?.fail(new Error("away"));
  await expect(waiting).rejects.toThrow("away");
  expect(broken.registered()).toBe(0);

  const left = slow();
  const ended = left.watch.next();
  await left.watch.return();
  left.steps[0]?.fail(new Error("away"));
  expect(await ended).toEqual({ done: true });
});
