/** What the first page and the metrics show of engines, in a real browser. */

import { execFileSync } from "node:child_process";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";

const WARNING = "ClamAV keeps serving its old signatures; it would not start again: daily.cvd: Malformed database";
const OLD = { engine: "1.0", signatures: "42", signatureDate: "2020-01-02T03:04:05Z" };
let browser: Browser;

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [
  engine("Alpha", { warnings: [WARNING] }),
  engine("Beta"),
  engine("Gamma", { versions: OLD }),
]);

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

it("show signatures that are too old, in the list of engines and in the report", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("old") });
  for (const [name, versions] of [
    ["Alpha", { ...OLD, signatureDate: null }],
    ["Beta", { ...OLD, signatureDate: new Date().toISOString() }],
    ["Gamma", OLD],
  ] as const)
    await agent.answer(name, { scan: scan.scanId, verdict: "CLEAN", versions });
  const page = await browser.newPage();
  await page.goto(gateway.url);
  await page.locator("#engines tr", { hasText: "Gamma" }).getByText("42 of 2020-01-02, too old").waitFor();
  expect(await page.locator("#engines").getByText("too old").count()).toBe(1);
  await page.locator(`#scans tr[data-scan="${scan.scanId}"]`).click();
  await page.getByText("Scanned with old signatures: Gamma (of 2020-01-02)").waitFor();
});

it.each([1280, 420])("break no word of a short column and scroll to the report that is opened, %d px wide", async (width) => {
  const { scan } = await submit(gateway.url, { base64: base64(`wide ${width}`), name: `${"long".repeat(60)}.exe` });
  await agent.announce([{ warnings: [WARNING.repeat(3)] }]);
  const page = await browser.newPage({ viewport: { width, height: 400 } });
  await page.goto(gateway.url);
  await page.locator("#engines").getByText(WARNING).waitFor();
  const heightOf = async (cell: string) => (await page.locator(cell).first().boundingBox())?.height ?? 0;
  const lineHeight = Number.parseFloat(await page.evaluate<string>("getComputedStyle(document.body).lineHeight"));
  for (const head of ["th:has-text('detections')", "th:has-text('verdict')", "th:has-text('signatures')"])
    expect(await heightOf(head)).toBeLessThan(2 * lineHeight);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  await page.locator(`#scans tr[data-scan="${scan.scanId}"]`).click();
  // Not by waitForFunction: it evaluates strings in the page, which the page's own policy forbids.
  await until("the report is in sight", () =>
    page.evaluate<boolean>("scrollY > 0 && Math.abs(report.getBoundingClientRect().top) < innerHeight / 2"),
  );
  await page.close();
});
