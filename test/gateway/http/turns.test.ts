import { expect, it } from "vitest";
import { createTurns } from "../../../gateway/http/turns.js";

it("bodies of one name wait for each other, and for no other name", async () => {
  const turns = createTurns();
  const first = await turns.take("a");
  const log: string[] = [];
  const others = ["second", "third"].map(async (name) => {
    const turn = await turns.take("a");
    log.push(`${name} begins`);
    await new Promise(setImmediate);
    log.push(`${name} ends`);
    turn.end();
  });
  (await turns.take("b")).end();
  expect(log).toEqual([]);
  first.end();
  await Promise.all(others);
  expect(log).toEqual(["second begins", "second ends", "third begins", "third ends"]);
});

it("a body of which nothing arrives is ended once another waits", async () => {
  const turns = createTurns(20);
  const stalled = await turns.take("a");
  stalled.signal.addEventListener("abort", () => stalled.end());
  const next = await turns.take("a");
  expect(stalled.signal.reason).toMatchObject({ code: "UPLOAD_TIMEOUT" });
  expect(next.signal.aborted).toBe(false);
});
