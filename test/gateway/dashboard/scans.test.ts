import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, sha256, submit, submitAll } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";
import { holdSubscription } from "./hold-subscription.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const open = useBrowser();

async function scanned(name: string, verdict: "INFECTED" | "CLEAN", signature?: string): Promise<number> {
  const { scan } = await submit(gateway.url, { base64: base64(name), name });
  await agent.answer("Alpha", { scan: scan.scanId, verdict, ...(signature && { signature }) });
  return scan.scanId;
}

it("filters are the address, are added from a menu, taken away one by one, and kept by a name", async () => {
  await scanned("red.bin", "INFECTED", "Test.Red");
  await scanned("green.bin", "CLEAN");
  const { page, faults } = await open(gateway.url, "/#/scans?verdict=INFECTED");
  const row = (name: string) => page.getByRole("row", { name });
  await row("red.bin").waitFor();
  expect(await row("green.bin").count()).toBe(0);
  await page.getByRole("combobox", { name: "Add a filter" }).selectOption("Signature contains");
  await page.getByRole("textbox", { name: "Signature contains" }).fill("test.red");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/scans\?verdict=INFECTED&signature=test\.red$/);
  await row("red.bin").waitFor();

  await page.getByRole("button", { name: "Save this filter" }).click();
  await page.getByRole("textbox", { name: "Name of the filter" }).fill("Reds");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Remove Verdict: infected" }).click();
  await page.waitForURL(/#\/scans\?signature=test\.red$/);
  await page.getByRole("button", { name: "Remove Signature contains: test.red" }).click();
  await row("green.bin").waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Reds" }).click();
  await page.waitForURL(/#\/scans\?verdict=INFECTED&signature=test\.red$/);
  await row("green.bin").waitFor({ state: "detached" });
  await page.goBack();
  await row("green.bin").waitFor();

  await page.goto(`${gateway.url}/#/scans?verdict=PURPLE`);
  await page.getByText("The filter “Verdict: PURPLE” is not understood.").waitFor();
  expect(faults).toEqual([]);
});

it("the search box finds hashes, numbers and names in any case, also beside filters", async () => {
  const red = await scanned("Search-Red.bin", "INFECTED");
  const green = await scanned("search-green.bin", "CLEAN");
  const { page, faults } = await open(gateway.url);
  const names = () => page.locator("table.scans tbody a").allTextContents();
  const search = async (text: string, found: string[]) => {
    await page.keyboard.press("Escape");
    await page.getByRole("searchbox").fill(text);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.hash === `#/scans?q=${encodeURIComponent(text)}`);
    await until(`${text} finds ${found.join(" and ")}`, async () => (await names()).join() === found.join());
  };
  await search("SEARCH-*", ["search-green.bin", "Search-Red.bin"]);
  await search(`${red}, ${sha256("search-green.bin")}`, ["search-green.bin", "Search-Red.bin"]);
  await search(`${red},${green}`, ["search-green.bin", "Search-Red.bin"]);
  await search("nobody-*", []);
  await page.getByText("No scan found").waitFor();
  await page.goto(`${gateway.url}/#/scans?q=search-*&verdict=CLEAN`);
  await until("only one is clean", async () => (await names()).join() === "search-green.bin");
  expect(faults).toEqual([]);
});

it("new scans are counted while rows stay, and rows that are shown change in place", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("first live"), name: "live-1" });
  const { page } = await open(gateway.url, "/#/scans?name=live-*");
  await page.getByRole("row", { name: "live-1" }).getByText("Scanning").waitFor();
  const { scan: second } = await submit(gateway.url, { base64: base64("second live"), name: "live-2" });
  await submit(gateway.url, { base64: base64("other"), name: "other" });
  await page.getByRole("button", { name: "1 new", exact: true }).waitFor();
  expect(await page.getByRole("row", { name: "live-2" }).count()).toBe(0);
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "INFECTED" });
  await page.getByRole("row", { name: "live-1" }).getByText("Infected").waitFor();
  await page.getByRole("button", { name: "1 new", exact: true }).click();
  await page.getByRole("row", { name: "live-2" }).waitFor();
  expect(await page.getByRole("button", { name: /new$/ }).count()).toBe(0);
  await agent.answer("Alpha", { scan: second.scanId, verdict: "CLEAN" });
  await page.getByRole("row", { name: "live-2" }).getByText("Clean").waitFor();
});

/** Scans of a page. */
const PAGE = 50;

it("scans that come while a list is being read are counted", async () => {
  let isRead = false;
  let release = () => {};
  const told = new Promise<void>((resolve) => (release = resolve));
  let isTold = false;
  const before = async (page: Page) => {
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        isTold ||= String(payload).includes("while-read");
      }),
    );
    await page.route("**/graphql", async (route) => {
      if (!route.request().postData()?.includes("query ListScans")) return route.fallback();
      const response = await route.fetch();
      isRead = true;
      await told;
      return route.fulfill({ response });
    });
  };
  const { page } = await open(gateway.url, "/#/scans?name=while-read-*", { before });
  await until("the gateway has read the list", () => isRead);
  let submitted = 0;
  await until("the page is told of a scan", async () => {
    if (!isTold) await submit(gateway.url, { base64: base64("while read"), name: `while-read-${submitted++}` });
    return isTold;
  });
  release();
  await page.getByRole("button", { name: /^\d+ new$/ }).click();
  const listed = async () => (await page.getByRole("row", { name: /while-read-/ }).count()) === Math.min(submitted, PAGE);
  await until("they are listed", listed);
  expect(await page.getByText("No scan found").count()).toBe(0);
});

it("scans that come between the reading of a list and the beginning of its feed are counted", async () => {
  const feed = holdSubscription("WatchScans");
  const { page } = await open(gateway.url, "/#/scans?name=before-feed-*", { before: feed.install });
  await page.getByText("No scan found").waitFor();
  await until("the page asks for the feed", () => feed.isAsked());
  await submit(gateway.url, { base64: base64("before feed"), name: "before-feed-1" });
  feed.release();
  await page.getByRole("button", { name: "1 new", exact: true }).click();
  await page.getByRole("row", { name: "before-feed-1" }).waitFor();
  expect(await page.getByRole("button", { name: /new$/ }).count()).toBe(0);
});

/** Holds an operation of the page back; returns what lets it through. */
async function holdBack(page: Page, operation: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/graphql", async (route) => {
    if (route.request().postData()?.includes(operation)) await released;
    await route.fallback();
  });
  return release;
}

it("a long list comes in pages that the address leads back to, and scans of a page are scanned again", async () => {
  await submit(gateway.url, { base64: base64("paged"), name: "first" });
  const input = { samples: Array.from({ length: 53 }, (_, i) => ({ sha256: sha256("paged"), name: `page-${i}` })) };
  const { batch } = await submitAll(gateway.url, input);
  const { page, faults } = await open(gateway.url, `/#/scans?batch=${batch.batchId}`);
  const rows = page.locator("table.scans tbody tr");
  const shows = (count: number) => until(`the page shows ${count} scans`, async () => (await rows.count()) === count);
  await shows(50);
  await page.getByText("53 scans", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await shows(3);
  await page.reload();
  await shows(3);
  await page.getByText("Page 2").waitFor();
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void (questions.length === 1 ? dialog.dismiss() : dialog.accept());
  });
  await page.getByRole("checkbox", { name: "Select all scans of this page" }).check();
  const repeated = () => stage.db.selectFrom("scans").select(["name", "priority"]).where("previous", "is not", null).execute();
  await page.getByRole("button", { name: "Scan 3 again" }).click();
  await page.getByRole("button", { name: "Scan 3 again" }).click();
  await page.getByText("3 of 3 are scanned again.").first().waitFor();
  expect((await repeated()).map(({ name }) => name).toSorted()).toEqual(["page-0", "page-1", "page-2"]);
  await page.getByRole("button", { name: "Previous" }).click();
  await shows(50);
  const releaseRescan = await holdBack(page, "mutation RescanMany");
  await page.getByRole("button", { name: "Scan all 53 again" }).click();
  await page.getByText("0 of 53 are sent").first().waitFor();
  await page.getByRole("link", { name: "Fleet" }).click();
  await page.getByRole("heading", { name: "Fleet", exact: true }).waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Stop", exact: true }).waitFor();
  releaseRescan();
  await page.getByText("53 of 53 are scanned again.").first().waitFor();
  expect(await page.getByRole("link", { name: /^Batch \d+$/ }).count()).toBe(1);
  const releaseList = await holdBack(page, "query ListNumbers");
  await page.getByRole("button", { name: "Scan all 53 again" }).click();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  releaseList();
  await page.getByText("0 of 53 are scanned again.").first().waitFor();
  expect((await repeated()).map(({ priority }) => priority)).toEqual(Array.from({ length: 56 }, () => "BULK"));
  expect(questions.map((question) => question.split("?")[0])).toEqual([
    "Repeat 3 scans",
    "Repeat 3 scans",
    "Repeat all 53 scans of this list",
    "Repeat all 53 scans of this list",
  ]);
  expect(questions[0]).toContain("Engines that are on now: Alpha.");
  await page.reload();
  await page
    .getByText(/^scanned again: scan \d+, scanning$/)
    .first()
    .waitFor();
  await page.getByRole("link", { name: "page-10", exact: true }).click();
  await page.getByText(/^This file was scanned again/).waitFor();
  expect(faults).toEqual([]);
});

it("filters find types, sizes, labels, when scans came and ended, how long engines took, one signature and who disagrees", async () => {
  const labels = [{ key: "team", value: "mail" }];
  const { scan } = await submit(gateway.url, { base64: base64("ends"), name: "ends.bin", labels });
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "INFECTED", signature: "Ends.A", durationMs: 12_000 });
  await scanned("ends-soon.bin", "INFECTED", "Ends.A2");
  await scanned("percent%41.bin", "CLEAN");
  const { page, faults } = await open(gateway.url);
  const names = () => page.locator("table.scans tbody a").allTextContents();
  for (const [filter, found] of [
    ["name=ends*&endedSince=1h", "ends-soon.bin,ends.bin"],
    ["name=ends*&endedUntil=2020-01-01", ""],
    ["signatureIs=Ends.A&engine=Alpha", "ends.bin"],
    ["name=ends*&slowerThan=10 s", "ends.bin"],
    ["name=percent%2541.bin", "percent%41.bin"],
    ["name=ends*&disagrees=true", ""],
    ["name=ends*&disagrees=false", "ends-soon.bin,ends.bin"],
    ["name=ends*&type=text/*", "ends-soon.bin,ends.bin"],
    ["name=ends*&type=image/*", ""],
    ["name=ends*&min=5&max=1 KiB", "ends-soon.bin"],
    ["name=ends*&since=1h&label=team=mail", "ends.bin"],
    ["name=ends*&until=2020-01-01", ""],
  ] as const) {
    await page.goto(`${gateway.url}/#/scans?${filter}`);
    await page.getByRole("heading", { name: "Scans", exact: true }).waitFor();
    if (found === "") {
      await page.getByText("No scan found").waitFor();
      continue;
    }
    await until(`${filter} finds ${found}`, async () => (await names()).join() === found);
    // The time that is shown is the one by which they are ordered.
    await page.getByRole("columnheader", { name: filter.includes("ended") ? "Ended" : "Accepted" }).waitFor();
  }
  expect(faults).toEqual([]);
});

it("what filters list is saved as CSV; a search says that it has none", async () => {
  await scanned("csv.bin", "CLEAN");
  const { page, faults } = await open(gateway.url, "/#/scans?name=csv*&verdict=CLEAN");
  await page.getByRole("row", { name: "csv.bin" }).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /^CSV/ }).click()]);
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
  const lines = readFileSync(await download.path(), "utf8")
    .trim()
    .split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(sha256("csv.bin"));
  await page.goto(`${gateway.url}/#/scans?q=csv*`);
  await page.getByText("CSV is there for filters").waitFor();
  expect(await page.getByRole("button", { name: /^CSV/ }).isDisabled()).toBe(true);
  expect(faults).toEqual([]);
});
