/** Which host is given a ruleset, and what is done when it cannot go on. */

import { sql } from "kysely";
import { expect, it } from "vitest";
import { giveRuleJob, lockGivenJobs } from "../../../gateway/db/ruleset-jobs.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { act, show, untilVersion } from "./ruleset-client.js";
import { useRuleHosts } from "./rule-host.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const { host, draft, ready } = useRuleHosts(stage, gateway);

it("an agent that starts again while it has a job has lost it, and after three times it has failed", async () => {
  const one = await host();
  const version = await draft();
  const seen: string[] = [];
  for (let n = 1; n <= 3; n++) {
    const { job } = await one.order(version);
    expect(seen).not.toContain(job);
    seen.push(job);
    await one.show({ job });
    await one.become({ startedAt: new Date(Date.now() + n).toISOString() });
  }
  const failed = await untilVersion(gateway.url, version.id, "it has failed", ({ check }) => check?.state === "FAILED");
  expect(failed.check).toMatchObject({ reason: expect.stringMatching(/begun 3 times.* had started again/) as string });
});

it("an agent that reaches the internet is given nothing, whatever it says", async () => {
  const one = await host();
  const other = await host("a-internet", "internet");
  await one.become({ state: "CORDONED" });
  const version = await draft();
  await untilVersion(gateway.url, version.id, "it waits", ({ check }) => /No host of Yara takes work/.test(check?.reason ?? ""));
  await one.become({ state: "READY" });
  const { job } = await one.order(version);
  // Nor is it heard.
  await other.show({ job, state: "DONE", check: { rules: 7, mistakes: [], omitted: 0 } });
  await one.show({ job, state: "DONE", check: { rules: 1, mistakes: [], omitted: 0 } });
  expect(await untilVersion(gateway.url, version.id, "it is ready", ({ state }) => state === "READY")).toMatchObject({
    rules: 1,
  });
  expect(other.orders()).toEqual([]);
});

it("what one host cannot do goes to another one, those first whose engine is healthy; it has failed when none is left", async () => {
  const [a, b, c] = [await host("a-host"), await host("b-host"), await host("c-host")];
  await b.become({ engines: [engine("Yara", { type: "METADATA", healthy: false, reason: "broken" })] });
  const version = await draft();
  const seen: string[] = [];
  for (const one of [a, c, b]) {
    const { job } = await one.order(version);
    expect((await show(gateway.url, version.id))?.check).toMatchObject({ agent: one.id, state: "RUNNING" });
    await one.show({ job, state: "FAILED", reason: "no process starts here" });
    seen.push(job);
  }
  expect(new Set(seen).size).toBe(3);
  const failed = await untilVersion(gateway.url, version.id, "it has failed", ({ check }) => check?.state === "FAILED");
  expect(failed.check).toMatchObject({ reason: "no process starts here", agent: "b-host" });
});

it("a host that is drained gives its job to another one, which is no attempt", async () => {
  const one = await host("a-host");
  const version = await draft();
  const { job } = await one.order(version);
  await one.become({ state: "DRAINING" });
  await untilVersion(gateway.url, version.id, "it waits", ({ check }) => check?.state === "WAITING");
  const two = await host("b-host");
  expect((await two.order(version)).job).not.toBe(job);
  expect(await stage.db.selectFrom("ruleset_jobs").select("hosts").execute()).toEqual([{ hosts: 1 }]);
});

it("the check of a version that is ready can be cancelled, and leaves it ready", async () => {
  const one = await host();
  const version = await ready(one);
  await one.become({ state: "CORDONED" });
  expect((await act(gateway.url, "checkRuleset", version.id)).version.check).toMatchObject({ state: "WAITING" });
  const { version: cancelled } = await act(gateway.url, "cancelRuleset", version.id);
  expect(cancelled).toMatchObject({ state: "READY", check: { state: "CANCELLED" } });
  expect(await act(gateway.url, "cancelRuleset", version.id)).toMatchObject({ code: "BAD_INPUT" });
});

it("two gateways never give two rulesets to one host at the same time", async () => {
  const one = await host();
  const startedAt = new Date().toISOString();
  await one.become({ state: "CORDONED", startedAt });
  const [first, second] = [await draft(), await draft()];
  for (const { id } of [first, second])
    await untilVersion(gateway.url, id, "it waits", ({ check }) => /takes work now/.test(check?.reason ?? ""));
  await stage.db.transaction().execute(async (tx) => {
    // Another gateway gives the first one, and has not committed.
    await lockGivenJobs(tx);
    const { id } = await tx
      .selectFrom("ruleset_jobs")
      .select("id")
      .where("version_id", "=", Number(first.id))
      .executeTakeFirstOrThrow();
    await giveRuleJob(tx, id, { agent: one.id, startedAt });
    await one.become({ state: "READY" });
    await until("this one waits for it", async () => {
      const { rows } = await sql`select from pg_locks where locktype = 'advisory' and not granted`.execute(stage.db);
      const given = await stage.db.selectFrom("ruleset_jobs").select("id").where("agent", "is not", null).execute();
      return rows.length > 0 || given.length > 0;
    });
  });
  const waits = /busy with another ruleset/;
  const { check } = await untilVersion(gateway.url, second.id, "it waits", (now) => waits.test(now.check?.reason ?? ""));
  expect(check).toMatchObject({ agent: null });
  expect((await show(gateway.url, first.id))?.check).toMatchObject({ agent: one.id });
});

it("a host that shows a job of which nobody knows is told to end it, although none is open", async () => {
  const one = await host();
  await one.show({});
  expect(await until("it is told to end it", () => one.isToldNone())).toBe(true);
});
