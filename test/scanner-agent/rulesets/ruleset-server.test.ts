/** What an agent takes of the orders of gateways, and what it tells of rulesets: never more than a presence has room for. */

import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect, it } from "vitest";
import { Unavailable } from "../../../scanner-agent/contract.js";
import { createRulesetServer } from "../../../scanner-agent/rulesets/ruleset-server.js";
import { toldCheck, toldSamples, toldText } from "../../../scanner-agent/rulesets/told-job.js";
import { MAX_RULE_JOBS, type RuleMistake, type RuleOrder, type SampleTried } from "../../../schema/rule-job.js";

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

it("what is told of as many jobs as a host may have fits into one message", () => {
  const mistake = (n: number): RuleMistake => ({
    path: `${"d/".repeat(120)}${n}.yar`,
    line: 1,
    message: "\u0001".repeat(500),
    severity: n === 999 ? "ERROR" : "WARNING",
  });
  const mistakes = Array.from({ length: 1_000 }, (_, n) => mistake(n));
  const check = toldCheck(1, mistakes, 5);
  expect(check.mistakes[0]).toMatchObject({ severity: "ERROR" });
  expect(check.mistakes.length).toBeGreaterThan(50);
  expect(check.mistakes.length + check.omitted).toBe(1_005);
  const sample = (at: number): SampleTried => ({
    at,
    outcome: "MATCH",
    rules: Array.from({ length: 40 }, (_, n) => `${"r".repeat(124)}${n}`),
    reason: "\0".repeat(300),
  });
  const tried = toldSamples(Array.from({ length: 50 }, (_, at) => sample(at)));
  expect(tried.every(({ rules }) => rules.length > 0 && rules.length <= 20)).toBe(true);
  const reason = toldText("\0".repeat(1_000_000), 1_024);
  expect(MAX_RULE_JOBS * (bytes(reason) + Math.max(bytes(check), bytes(tried)))).toBeLessThan(900 * 1024);
});

it("an order that comes late does not take a try back to a piece that is done", async () => {
  const order = (piece: number, job: string): RuleOrder => ({
    kind: "TRY",
    job,
    engine: "Yara",
    digest: "0".repeat(64),
    piece,
    samples: [],
  });
  const server = createRulesetServer({
    engines: ["Yara"],
    host: { folder: "", programPath: "", fence: undefined, startContained: undefined, log: pino({ level: "silent" }) },
    reader: { read: () => Promise.reject(new Unavailable("the mesh is away")) },
    samples: {
      hold: () => Promise.reject(new Unavailable("the mesh is away")),
      largest: () => undefined,
      probe: async () => undefined,
    },
    onChange: () => undefined,
    log: pino({ level: "silent" }),
  });
  const job = randomUUID();
  server.take([order(1, job)]);
  server.take([order(2, job)]);
  server.take([order(1, job)]);
  expect(server.jobs().jobs).toMatchObject([{ job, taken: 2 }]);
  await server.stop();
});
