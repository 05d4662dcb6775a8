/** Hosts that check and try rulesets as tests say: they vanish, are slow, and are told to end. */

import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { deleteSample } from "../../../gateway/scan/delete.js";
import type { RuleOrder, SampleTried } from "../../../schema/rule-job.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { TESTER, until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { act, create, show, untilVersion } from "./ruleset-client.js";
import { useRuleHosts } from "./rule-host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

const { host, draft, ready, puppets } = useRuleHosts(stage, gateway);

async function samples(many: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < many; n++) ids.push((await submit(gateway.url, { base64: base64(`sample ${randomUUID()}`) })).scan.scanId);
  return ids;
}

const tryIt = (id: string, last: number) => act(gateway.url, "tryRuleset", id, `, last: ${last}`);
const tried = (order: RuleOrder, outcome: SampleTried["outcome"]): SampleTried[] =>
  order.kind === "TRY"
    ? order.samples.map(({ at }) => ({ at, outcome, rules: outcome === "MATCH" ? ["A"] : [], reason: null }))
    : [];
/** As if its host had said nothing for that long. */
const silence = () =>
  stage.db
    .updateTable("ruleset_jobs")
    .set({ heard_at: new Date(Date.now() - 60_000) })
    .where("ended_at", "is", null)
    .execute();

it("a check goes to another host when the one that has it vanishes, and after three it has failed", async () => {
  const seen: string[] = [];
  let one = await host();
  const version = await draft();
  for (let n = 1; n <= 3; n++) {
    if (n > 1) one = await host();
    const { job } = await one.order(version);
    expect(seen).not.toContain(job);
    seen.push(job);
    expect((await show(gateway.url, version.id))?.check).toMatchObject({ state: "RUNNING", agent: one.id });
    await one.leave();
    await silence();
  }
  const failed = await untilVersion(gateway.url, version.id, "it has failed", ({ check }) => check?.state === "FAILED");
  expect(failed).toMatchObject({
    state: "CHECKING",
    check: { reason: expect.stringMatching(/begun 3 times, and each time its agent was gone/) as string },
  });
  expect((await act(gateway.url, "checkRuleset", version.id)).version.check).toMatchObject({ state: "WAITING" });
});

it("a host that is silent for a moment keeps its job, and one that lost its orders is told again", async () => {
  const one = await host();
  const version = await draft();
  const { job } = await one.order(version);
  await one.show();
  expect((await one.order(version)).job).toBe(job);
  await one.show({ job, done: 1, total: 4 });
  await untilVersion(gateway.url, version.id, "it is told", ({ check }) => check?.done === 1 && check.total === 4);
});

it("a try goes piece by piece, and counts apart what matched, did not finish and was deleted", async () => {
  const one = await host();
  const version = await ready(one);
  await samples(51);
  // The oldest of those that it is tried against, which is the last of all.
  const { version: begun } = await tryIt(version.id, 51);
  expect(begun.tried).toMatchObject({ total: 51, done: 0, state: "WAITING" });
  expect(await tryIt(version.id, 51)).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/being tried now/) as string,
  });
  const first = await until("there is a first piece", () => one.orders().find((order) => order.kind === "TRY"));
  expect(first).toMatchObject({ piece: 1 });
  expect(first.kind === "TRY" && first.samples).toHaveLength(50);
  const last = await stage.db.selectFrom("samples").select(["id", "sha256"]).orderBy("id").executeTakeFirstOrThrow();
  const answers = tried(first, "NO_MATCH").map((answer, n) =>
    n < 14
      ? { ...answer, outcome: "MATCH" as const, rules: ["A"] }
      : n === 20
        ? { ...answer, outcome: "FAILED" as const, reason: "broken" }
        : answer,
  );
  await deleteSample(gateway.context, TESTER, last.sha256);
  await until(
    "the sample is gone",
    async () =>
      (await stage.db.selectFrom("samples").select("id").where("id", "=", last.id).where("blob", "is not", null).execute())
        .length === 0,
  );
  // What is not its own is not recorded.
  const foreign = { at: 4_000, outcome: "MATCH" as const, rules: ["A"], reason: null };
  await one.show({ job: first.job, taken: 1, piece: 1, tried: [...answers.slice(0, 49), foreign] });
  const second = await until("there is a second piece", () =>
    one.orders().find((order) => order.kind === "TRY" && order.piece === 2),
  );
  expect(second.kind === "TRY" && second.samples).toEqual([]);
  await one.show({ job: first.job, taken: 2, piece: 2, tried: [] });
  const done = await untilVersion(gateway.url, version.id, "it is done", (now) => now.tried?.state === "DONE");
  expect(done.tried).toMatchObject({ done: 51, matched: 14, unfinished: 1, gone: 2 });
  expect(done.triedSamples.nodes.filter(({ outcome }) => outcome === "MATCH")).toHaveLength(14);
  expect(done.triedSamples.nodes.filter(({ outcome }) => outcome === "FAILED")).toMatchObject([{ reason: "broken" }]);
});

it("a host that is cordoned finishes its piece of a try, and another one goes on with the next", async () => {
  const one = await host();
  const version = await ready(one);
  await samples(51);
  await tryIt(version.id, 51);
  const first = await until("there is a first piece", () => one.orders().find(({ kind }) => kind === "TRY"));
  await one.become({ state: "CORDONED" }, { job: first.job, taken: 1 });
  await one.show({ job: first.job, taken: 1, piece: 1, tried: tried(first, "NO_MATCH") });
  const waiting = await untilVersion(gateway.url, version.id, "it waits", (now) => now.tried?.state === "WAITING");
  expect(waiting.tried).toMatchObject({ done: 50, agent: null });
  const two = await host();
  const second = await until("there is a second piece", () => two.orders().find(({ kind }) => kind === "TRY"));
  expect(second).toMatchObject({ piece: 2, samples: [{ at: 50 }] });
  await two.show({ job: second.job, taken: 2, piece: 2, tried: tried(second, "NO_MATCH") });
  const done = await untilVersion(gateway.url, version.id, "it is done", (now) => now.tried?.state === "DONE");
  expect(done.tried).toMatchObject({ done: 51, unfinished: 0 });
});

it("a try is ended when somebody cancels it, and its host is told", async () => {
  const one = await host();
  const version = await ready(one);
  await samples(2);
  await tryIt(version.id, 2);
  const order = await until("it is told", () => one.orders().find(({ kind }) => kind === "TRY"));
  await one.show({ job: order.job, taken: 1 });
  expect((await act(gateway.url, "cancelRuleset", version.id)).version.tried).toMatchObject({ state: "CANCELLED" });
  await until("the host is told to end it", () => one.isToldNone());
  // What it says of another ruleset is recorded after that, from the same presence.
  const late = { job: order.job, taken: 1, piece: 1, tried: tried(order, "MATCH") };
  const other = await draft();
  const { job } = await one.order(other);
  await one.show(late, { job, state: "DONE", check: { rules: 1, mistakes: [], omitted: 0 } });
  await untilVersion(gateway.url, other.id, "the other one is checked", ({ state }) => state === "READY");
  expect(await act(gateway.url, "cancelRuleset", version.id)).toMatchObject({ code: "BAD_INPUT" });
  expect((await show(gateway.url, version.id))?.tried).toMatchObject({ state: "CANCELLED", done: 0, matched: 0 });
});

it("a host tries one ruleset at a time; another one waits, and says so", async () => {
  const one = await host();
  const [a, b] = [await ready(one), await ready(one)];
  await samples(1);
  await tryIt(a.id, 1);
  const order = await until("it is told", () => one.orders().find(({ kind }) => kind === "TRY"));
  await one.show({ job: order.job, taken: 1 });
  await tryIt(b.id, 1);
  await untilVersion(gateway.url, b.id, "it waits", (now) => /busy with another ruleset/.test(now.tried?.reason ?? ""));
  await one.show({ job: order.job, taken: 1, piece: 1, tried: tried(order, "NO_MATCH") });
  await untilVersion(gateway.url, a.id, "it is done", (now) => now.tried?.state === "DONE");
  await until("the other one begins", () => one.orders().some((next) => next.kind === "TRY" && next.job !== order.job));
  expect((await show(gateway.url, b.id))?.tried).toMatchObject({ state: "RUNNING", reason: null, agent: one.id });
});

it("rules that take too long for many samples are given up", async () => {
  const one = await host();
  const version = await ready(one);
  await samples(51);
  await tryIt(version.id, 51);
  const order = await until("it is told", () => one.orders().find(({ kind }) => kind === "TRY"));
  await one.show({ job: order.job, taken: 1, piece: 1, tried: tried(order, "TIMEOUT") });
  const failed = await untilVersion(gateway.url, version.id, "it is given up", (now) => now.tried?.state === "FAILED");
  expect(failed.tried).toMatchObject({ reason: expect.stringMatching(/took too long for 20 samples/) as string, unfinished: 50 });
});

it("an engine whose hosts take no rules has no rulesets", async () => {
  const id = `host-${randomUUID().slice(0, 8)}`;
  puppets.push(await startPuppet(stage, id, [engine("Yara", { type: "METADATA" })]));
  expect(await create(gateway.url, "own", { "a.yar": "" })).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/takes rulesets/) as string,
  });
});
