import { expect, test } from "vitest";
import { Failed } from "../../../scanner-agent/contract.js";
import { NOTHING } from "../../../scanner-agent/inspect/formats/inspection.js";
import { createChannel } from "../../../scanner-agent/inspect/opener-channel.js";

/** The channel of a process that says what the test makes it say. */
function channel() {
  let say: (message: unknown) => void = () => undefined;
  let killed = 0;
  const made = createChannel({
    send: () => undefined,
    onMessage: (listener) => void (say = listener),
    ended: new Promise(() => undefined),
    describeEnd: (how) => how,
    kill: () => void (killed += 1),
  });
  return { made, say: (message: unknown) => say(message), killed: () => killed };
}

const FACT = { path: "a.zip/b", format: "zip", method: "aes256", state: "ENCRYPTED" };
const ANSWER = { kind: "inspected", id: 1, inspection: { ...NOTHING, closed: [FACT] } };

test("what an inspector says is heard", async () => {
  const { made, say, killed } = channel();
  const next = made.next();
  say({ kind: "ready", sevenZip: "1" });
  expect(await next).toEqual({ kind: "ready", sevenZip: "1" });
  say(ANSWER);
  expect(await made.next()).toEqual(ANSWER);
  expect([made.isClosed(), killed()]).toEqual([false, 0]);
});

test.each([
  ["nothing", null],
  ["another kind", { kind: "clean" }],
  ["no inspection", { kind: "inspected", id: 1 }],
  ["facts that are none", { ...ANSWER, inspection: { ...NOTHING, packings: [{ path: "a", format: "zip", methods: null }] } }],
  ["more facts than are told", { ...ANSWER, inspection: { ...NOTHING, closed: Array.from({ length: 101 }, () => FACT) } }],
])("a process that a sample has taken over and that says %s is ended", async (_, said) => {
  const { made, say, killed } = channel();
  const next = made.next();
  say(said);
  await expect(next).rejects.toThrow(Failed);
  await expect(made.next()).rejects.toThrow("it said what no inspector says");
  expect([made.isClosed(), killed()]).toEqual([true, 1]);
});

test("one that answers without being asked is ended, and no more than one answer is kept of it", async () => {
  const { made, say, killed } = channel();
  for (let n = 0; n < 3; n++) say(ANSWER);
  expect(killed()).toBeGreaterThan(0);
  expect(await made.next()).toEqual(ANSWER);
  await expect(made.next()).rejects.toThrow(Failed);
});
