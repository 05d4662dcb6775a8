import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createMetrics, registerGauges } from "../../gateway/metrics.js";
import { findProgram } from "../../scanner-agent/processes/programs.js";
import { projectPath } from "../../schema/paths.js";

const RULES = "deploy/prometheus-alerts.yml";
const CASES = "test/gateway/alerts.yml";
const run = promisify(execFile);
const hasPromtool = (await findProgram("promtool", "")) !== undefined;

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

const read = (file: string): unknown => parse(readFileSync(projectPath(file), "utf8"));
const rules = (read(RULES) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

it("every rule asks for metrics that a gateway has", async () => {
  const metrics = createMetrics();
  registerGauges(metrics, {
    busConnected: () => true,
    takesWrites: {},
    scanSubscribers: () => 0,
    agents: () => [],
    updates: () => Promise.resolve([]),
  });
  const known = new Set(metrics.registry.getMetricsAsArray().map(({ name }) => name));
  const asked = rules.flatMap(({ expr }) => expr.match(/scanmesh_\w+/g) ?? []);
  expect(asked.length).toBeGreaterThanOrEqual(rules.length);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

describe.skipIf(!hasPromtool)("the rules as Prometheus reads them", () => {
  it("are valid, and alert when they are to and not before", async () => {
    const promtool = (...args: string[]) => run("promtool", args, { cwd: projectPath(), timeout: 60_000 });
    expect((await promtool("check", "rules", RULES)).stdout).toContain(`SUCCESS: ${rules.length} rules found`);
    expect((await promtool("check", "config", "--syntax-only", "deploy/prometheus.yml")).stdout).toContain("SUCCESS");
    expect((await promtool("test", "rules", CASES)).stdout).toContain("SUCCESS");
  });

  it("are all tried: each is silent once and alerts once", () => {
    const { tests } = read(CASES) as { tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] };
    const tried = tests.flatMap((test) => test.alert_rule_test);
    const names = (fires: boolean) =>
      new Set(tried.filter((one) => one.exp_alerts.length > 0 === fires).map((one) => one.alertname));
    const all = new Set(rules.map(({ alert }) => alert));
    expect([names(true), names(false)]).toEqual([all, all]);
  });
});
