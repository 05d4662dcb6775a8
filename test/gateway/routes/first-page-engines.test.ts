/** What the first page and the metrics show of engines, in a real browser. */

import { execFileSync } from "node:child_process";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";

const WARNING = "ClamAV keeps serving its old signatures; it would not start again: daily.cvd: Malformed database";
let browser: Browser;

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha", { warnings: [WARNING] }), engine("Beta")]);

beforeAll(async () => {
  const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
});
afterAll(() => browser.close());

const metric = async (line: string) => (await ask(`${gateway.url}/metrics`)).text.split("\n").includes(line);

it("tell what is to be put right of an engine that works, until it is", async () => {
  const page = await browser.newPage();
  await page.goto(gateway.url);
  const row = (name: string) => page.locator("#engines tr", { hasText: name });
  await row("Alpha").getByText(WARNING).waitFor();
  expect(await row("Alpha").locator("td").nth(3).innerText()).toMatch(/^healthy\n/);
  expect(await row("Beta").locator("td").nth(3).innerText()).toBe("healthy");
  expect(await metric('scanmesh_engine_warnings{engine="Alpha",agent="puppet"} 1')).toBe(true);
  expect(await metric('scanmesh_engine_warnings{engine="Beta",agent="puppet"} 0')).toBe(true);

  await agent.announce([{ warnings: [] }]);
  await row("Alpha").getByText(WARNING).waitFor({ state: "detached" });
  await until("the metric tells it", () => metric('scanmesh_engine_warnings{engine="Alpha",agent="puppet"} 0'));
});
