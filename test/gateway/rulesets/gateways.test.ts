/** Gateways that die while a host is at a ruleset: the job is in Postgres, and the next gateway goes on with it. */

import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { until, type LocalGateway, type Part } from "../../stage/stage.js";
import { useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { act, create, show, untilVersion } from "./ruleset-client.js";
import { useRuleHosts } from "./rule-host.js";

const stage = useStage();
/** The one that lives to the end. */
const last = {} as LocalGateway;
const { host } = useRuleHosts(stage, last);

it("a gateway that dies in the middle of a check or a try leaves it to another one", async () => {
  const first: Part = await stage.gatewayProcess();
  const one = await host();
  const { version } = await create(first.url, "own", { "a.yar": "rule A { condition: true }" });
  const { job: check } = await one.order(version);
  await one.show({ job: check, done: 1, total: 2 });
  await untilVersion(first.url, version.id, "it goes on", (now) => now.check?.done === 1);
  await first.kill("SIGKILL");
  // It is done while nobody hears of it.
  await one.show({ job: check, state: "DONE", done: 2, total: 2, check: { rules: 1, mistakes: [], omitted: 0 } });

  const second = await stage.gatewayProcess();
  const ready = await untilVersion(second.url, version.id, "it is checked", ({ state }) => state === "READY");
  expect(ready.check).toMatchObject({ agent: one.id, state: "DONE" });
  for (let n = 0; n < 51; n++) await submit(second.url, { base64: base64(`sample ${randomUUID()}`) });
  await act(second.url, "tryRuleset", version.id, ", last: 51");
  const begun = await until("it is tried", () => one.orders().find(({ kind }) => kind === "TRY"));
  await second.kill("SIGKILL");
  const matches = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ at: from + n, outcome: "MATCH" as const, rules: ["A"], reason: null }));
  await one.show({ job: begun.job, taken: 1, piece: 1, tried: matches(0, 50) });

  Object.assign(last, await stage.gateway());
  const next = await until("it goes on with the second piece", () =>
    one.orders().find((order) => order.kind === "TRY" && order.piece === 2),
  );
  expect(next.job, "its host keeps it").toBe(begun.job);
  expect((await show(last.url, version.id))?.tried).toMatchObject({ done: 50, matched: 50, agent: one.id });
  await one.show({ job: next.job, taken: 2, piece: 2, tried: matches(50, 1) });
  const done = await untilVersion(last.url, version.id, "it is done", (now) => now.tried?.state === "DONE");
  expect(done.tried).toMatchObject({ done: 51, matched: 51, agent: one.id });
});
