/** `npm run rulesets` against a mesh whose host answers as the test says. */

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectPath } from "../../schema/paths.js";
import { useRuleHosts } from "../gateway/rulesets/rule-host.js";
import { engine } from "../stage/puppet-agent.js";
import { until } from "../stage/stage.js";
import { prepared, useStage } from "../stage/use-stage.js";
import type { Ended } from "./run-scan.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const { host, ready } = useRuleHosts(stage, gateway);

function run(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [projectPath("dist", "cli", "rulesets.js"), ...args, "--url", gateway.url], {
    env: { PATH: process.env["PATH"] ?? "", SCANMESH_HOME: "/no-mesh-here" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

it("sends a folder, names what is wrong by file and line, and cancels what is under way", async () => {
  const one = await host();
  const folder = join(stage.folder, "rules");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.yar"), "rule A { condition: oops }");
  const created = run("create", "own", folder, "--comment", "of a test");
  const { job } = await until("the host is told", () => one.orders()[0]);
  const mistake = { path: "a.yar", line: 1, message: "unknown identifier `oops`", severity: "ERROR" as const };
  await one.show({ job, state: "DONE", check: { rules: 0, mistakes: [mistake], omitted: 0 } });
  const bad = await created;
  expect(bad).toMatchObject({ code: 1, stdout: expect.stringContaining("a.yar:1: error: unknown identifier") as string });
  expect(bad.stderr).toMatch(/own@1 has mistakes: it cannot be enabled/);
  expect(await run("enable", "own")).toMatchObject({ code: 2, stderr: expect.stringMatching(/has mistakes/) as string });

  const checked = run("check", "own@1");
  await until("the host is told", () => one.orders()[0]);
  expect(await run("cancel", "own")).toMatchObject({ code: 0, stderr: expect.stringContaining("own@1: cancelled.") as string });
  expect((await checked).stderr).toMatch(/own@1 has mistakes/);
  expect(await run("cancel", "own")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/nothing is under way with Yara own 1/) as string,
  });
  expect((await run("list")).stdout).toMatch(/own@1 .*invalid .*of a test/);
  expect(await run("try", "own@7")).toMatchObject({ code: 2, stderr: expect.stringMatching(/has no version 7/) as string });
  expect(await run("delete", "own")).toMatchObject({ code: 0 });
});

it("lists how far the version is that hosts are to serve", async () => {
  const one = await host();
  const bundles = { serving: [], target: null, state: "SERVING" as const, reason: null, bytes: 0, total: 0, since: null };
  await one.become({ engines: [engine("Yara", { type: "METADATA", bundles })] });
  const { name } = await ready(one);
  expect(await run("enable", name)).toMatchObject({ code: 0 });
  expect((await run("list")).stdout).toMatch(new RegExp(`^${name}@1 +(pending|canary) `, "m"));
});
