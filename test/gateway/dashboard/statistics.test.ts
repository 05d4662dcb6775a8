import { beforeAll, expect, it } from "vitest";
import type { ResultMessage } from "../../../schema/messages.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { graphql } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta")]);
const open = useBrowser();

const SIGNATURE = "Win.Test+<b>&1";
const CASES: Record<"Alpha" | "Beta", Partial<ResultMessage>>[] = [
  { Alpha: { verdict: "INFECTED", signature: SIGNATURE }, Beta: { verdict: "CLEAN" } },
  { Alpha: { verdict: "CLEAN" }, Beta: { state: "FAILED", error: "out of memory" } },
];

async function countScans(): Promise<number> {
  const { data } = await graphql<{ stats: { points: { scans: number }[] } }>(gateway.url, "{ stats { points { scans } } }");
  return data?.stats.points.reduce((sum, { scans }) => sum + scans, 0) ?? 0;
}

beforeAll(async () => {
  for (const [i, answers] of CASES.entries()) {
    const { scan } = await submit(gateway.url, { base64: base64(`counted ${i}`) });
    for (const [name, answer] of Object.entries(answers)) await agent.answer(name, { scan: scan.scanId, ...answer });
  }
  await until("both scans are counted", async () => (await countScans()) === CASES.length);
});

it("figures lead to their scans, ranges stand in the address, and the chart is a table, too", async () => {
  const { page, faults } = await open(gateway.url, "/", { viewport: { width: 390, height: 700 } });
  const asked: string[] = [];
  page.on("request", (request) => void asked.push(request.url()));
  await page.getByRole("heading", { name: "Latest scans" }).waitFor();
  expect(asked.filter((url) => url.includes("statistics"))).toEqual([]);

  await page.getByRole("link", { name: "Statistics" }).click();
  await page
    .getByRole("img", { name: /^Scans by verdict in the last 24 hours/ })
    .locator("canvas")
    .waitFor();
  const leadsTo = async (cell: string) => {
    const link = page.locator(cell).getByRole("link").first();
    return new URLSearchParams(((await link.getAttribute("href")) ?? "").split("?")[1]);
  };
  const infected = await leadsTo(".totals > div:nth-child(2)");
  expect(infected.get("verdict")).toBe("INFECTED");
  const [since = 0, end = 0] = ["endedSince", "endedUntil"].map((name) => Date.parse(infected.get(name) ?? ""));
  expect((end - since) / 3_600_000).toBe(24);
  expect((await leadsTo(".totals > div:last-child")).get("endedSince")).toBe(infected.get("endedSince"));

  const row = (table: string, name: string) => page.getByRole("region", { name: table }).getByRole("row", { name });
  expect(await row("Engines", "Alpha").innerText()).toMatch(/Alpha\s+2\s+1\s+\(50 %\)\s+0\s+\(0 %\)/);
  expect(await row("Engines", "Beta").innerText()).toMatch(/Beta\s+2\s+0\s+\(0 %\)\s+1\s+\(50 %\)/);
  const href = async (place: ReturnType<typeof row>) => new URLSearchParams((await place.getAttribute("href"))?.split("?")[1]);
  const errors = await href(row("Engines", "Beta").getByRole("cell").nth(2).getByRole("link"));
  expect([errors.get("engine"), errors.getAll("answer")]).toEqual(["Beta", ["ERROR"]]);
  const signature = await href(row("Signatures found most often", SIGNATURE).getByRole("link"));
  expect([signature.get("engine"), signature.get("signatureIs")]).toEqual(["Alpha", SIGNATURE]);
  const slow = await href(row("Engines", "Alpha").getByTitle("Scans in which it took longer").last());
  expect([slow.get("engine"), slow.get("slowerThan")]).toEqual(["Alpha", expect.stringMatching(/^\d+ms$/)]);
  const other = row("Engines", "Beta").getByRole("link", { name: "0 %" });
  expect((await href(other)).get("disagrees")).toBe("true");
  expect((await href(row("Types scanned most often", "text/plain").getByRole("link").first())).get("type")).toBe("text/plain");

  const order = async () => {
    const cells = await page.getByRole("region", { name: "Engines" }).locator("tbody th").allInnerTexts();
    return cells.map((cell) => cell.trim()).join();
  };
  await page.getByRole("link", { name: "Errors" }).click();
  await until("Beta failed more often", async () => (await order()) === "Beta,Alpha");
  expect(page.url()).toMatch(/sort=errors$/);
  await page.getByRole("columnheader", { name: "Errors" }).and(page.locator("[aria-sort=descending]")).waitFor();
  await page.getByRole("link", { name: "Errors" }).click();
  await until("the fewest errors are first", async () => (await order()) === "Alpha,Beta");
  await page.getByText("The table goes on to the right: swipe it.").waitFor();

  await page.getByRole("button", { name: "Show as table" }).click();
  const points = page.getByRole("region", { name: "Scans by verdict" }).locator("tbody tr");
  await until("it has a row for each hour", async () => (await points.count()) === 24);
  await page.getByRole("link", { name: "90 days" }).click();
  await page.getByRole("img", { name: /the last 90 days/ }).waitFor();
  expect(page.url()).toMatch(/#\/statistics\?sort=errors-up&scans=1&range=90d$/);
  await page.reload();
  await page.getByRole("img", { name: /the last 90 days/ }).waitFor();
  await until("it has a row for each week", async () => (await points.count()) === 13);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  expect(faults).toEqual([]);
});

it("an engine's errors and durations over time are a chart and a table, whose figures lead to their scans", async () => {
  const { page, faults } = await open(gateway.url, "/#/statistics", { viewport: { width: 390, height: 700 } });
  const history = page.getByRole("region", { name: "One engine over time" });
  await history
    .getByRole("img", { name: /^Error and detection rate of Beta/ })
    .locator("canvas")
    .waitFor();
  await history
    .getByRole("img", { name: /^How long Beta took/ })
    .locator("canvas")
    .waitFor();
  await history.getByRole("combobox", { name: "Engine" }).selectOption("Alpha");
  await history.getByRole("img", { name: /^Error and detection rate of Alpha/ }).waitFor();
  expect(page.url()).toMatch(/\?engine=Alpha$/);
  await page.goBack();
  await history.getByRole("button", { name: "Show Beta as table" }).click();
  expect(await history.locator("tbody tr").first().innerText()).toMatch(/\s[12]\s+0\b.*\b1\s+\((50|100) %\)/);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await history.locator("tbody tr").first().getByRole("cell").nth(2).getByRole("link").click();
  await page.waitForURL(/#\/scans\?endedSince=[^&]+&endedUntil=[^&]+&engine=Beta&answer=ERROR/);
  await until("the scan that failed is listed", async () => (await page.locator("table.scans tbody tr").count()) === 1);
  await page.getByRole("button", { name: "Remove Answer of Beta: went wrong" }).click();
  await page.waitForURL(/#\/scans\?endedSince=[^&]+&endedUntil=[^&]+$/);
  await page.getByText("2 scans", { exact: true }).waitFor();
  expect(faults).toEqual([]);
});

it("what was read says how old it is, and a button reads it again, also what the engines did", async () => {
  const { page, faults } = await open(gateway.url, "/#/statistics");
  const history = page.getByRole("region", { name: "One engine over time" });
  const engines = page.getByRole("region", { name: "Engines" });
  await page.getByText("Read a moment ago").waitFor();
  await history.getByRole("button", { name: "Show Beta as table" }).click();
  const { scan } = await submit(gateway.url, { base64: base64("counted later") });
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN" });
  await agent.answer("Beta", { scan: scan.scanId, state: "FAILED", error: "out of memory" });
  const before = CASES.length;
  await until("it is counted", async () => (await countScans()) === before + 1);
  await page.getByRole("button", { name: "Reload the statistics" }).click();
  await engines.getByRole("row", { name: /Beta\s+3\s+0\s+\(0 %\)\s+2\s+\(67 %\)/ }).waitFor();
  const errors = async () => {
    const texts = await history.locator("tbody tr td:nth-child(4)").allInnerTexts();
    return texts.reduce((sum, text) => sum + Number.parseInt(text, 10), 0);
  };
  await until("its history has the new error", async () => (await errors()) === 2);
  expect(faults).toEqual([]);
});
