import { beforeEach, expect, it, vi } from "vitest";
import { followEngines } from "../../../gateway/accounts/follow-engines.js";
import { testLog } from "../../stage/log.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));

function follow(fails = () => false) {
  const told: string[] = [];
  const accounts = {
    async setEngines(_agent: string, _internet: string, engines: readonly string[]) {
      told.push(engines.join(" "));
      if (fails()) throw new Error("away");
    },
  };
  const follower = followEngines(accounts, testLog("engines"), 2_000);
  return { hear: (engines: string) => follower.hear("a", "isolated", engines.split(" ")), stop: follower.stop, told };
}

it("a change of an agent's engines is told at once, and the same engines are not told again", async () => {
  const { hear, told } = follow();
  for (const engines of ["alpha", "alpha", "alpha"]) hear(engines);
  await vi.advanceTimersByTimeAsync(2_000);
  hear("alpha beta");
  expect(told).toEqual(["alpha", "alpha beta"]);
});

it("an agent that alternates its engines is told of no more than once in a while, and of what it announced last", async () => {
  const { hear, told } = follow();
  for (let i = 0; i < 1_000; i++) {
    hear(i % 2 === 0 ? "alpha" : "beta");
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(told.length).toBeLessThanOrEqual(6);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told.at(-1)).toBe("beta");
});

it("what could not be told is told when the agent is heard again, and nothing is told after the end", async () => {
  let fails = true;
  const { hear, told, stop } = follow(() => fails);
  hear("alpha");
  await vi.advanceTimersByTimeAsync(0);
  fails = false;
  hear("alpha");
  expect(told).toEqual(["alpha", "alpha"]);
  hear("beta");
  stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual(["alpha", "alpha"]);
});
