import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, sha256, submit } from "../scan/submitting.js";
import { until } from "../../stage/stage.js";
import { useBrowser } from "./browser.js";
import { holdSubscription } from "./hold-subscription.js";

const TEXT = `start \0\x01 W\0i\0d\0e\0 ${"x".repeat(70_000)} end`;

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta")]);
const open = useBrowser();

async function scanned(text: string, name: string, answers: Record<string, string | undefined>): Promise<number> {
  const { scan } = await submit(gateway.url, { base64: base64(text), name });
  for (const [engineName, signature] of Object.entries(answers))
    await agent.answer(engineName, {
      scan: scan.scanId,
      verdict: signature === undefined ? "CLEAN" : "INFECTED",
      ...(signature !== undefined && { signature }),
    });
  return scan.scanId;
}

it("a sample tells its scans and what changed between them, and takes in a new one", async () => {
  const first = await scanned("history", "one.bin", { Alpha: undefined, Beta: undefined });
  await scanned("history", "two.bin", { Alpha: "Test.New", Beta: undefined });
  const { page, faults } = await open(gateway.url, `/#/sample/${sha256("history")}`);
  await page.getByRole("heading", { name: "two.bin" }).waitFor();
  await page.getByText("one.bin").first().waitFor();
  const changes = page.getByRole("list", { name: `Changes since scan ${first}` });
  await changes.getByText("Test.New").waitFor();
  expect(await changes.getByRole("listitem").allTextContents()).toEqual([
    expect.stringMatching(/^Alpha.*Clean.*Infected.*Test\.New$/),
  ]);
  const third = await scanned("history", "two.bin", { Alpha: "Test.New", Beta: undefined });
  await page.getByRole("link", { name: `Scan ${third}`, exact: true }).waitFor();
  await page.getByText("Every engine answered as before.").waitFor();
  await page.getByRole("button", { name: "Scan again" }).click();
  await page.waitForURL(/#\/scan\/\d+$/);
  expect(faults).toEqual([]);
});

it("a scan that ends between the reading of a sample and the beginning of its feed is shown", async () => {
  await scanned("before feed", "early.bin", { Alpha: undefined, Beta: undefined });
  const feed = holdSubscription("WatchSample");
  const { page } = await open(gateway.url, `/#/sample/${sha256("before feed")}`, { before: feed.install });
  await page.getByRole("heading", { name: "early.bin" }).waitFor();
  await until("the page asks for the feed", () => feed.isAsked());
  const missed = await scanned("before feed", "late.bin", { Alpha: undefined, Beta: undefined });
  feed.release();
  await page.getByRole("link", { name: `Scan ${missed}`, exact: true }).waitFor();
  expect(await page.getByRole("heading", { name: "late.bin" }).count()).toBe(1);
});

it("a sample is saved as a zip, and its first bytes are shown only when asked for, as hex and as strings", async () => {
  await scanned(TEXT, "bytes.bin", { Alpha: undefined, Beta: undefined });
  const hash = sha256(TEXT);
  const { page, faults } = await open(gateway.url, `/#/sample/${hash.toUpperCase()}`, { viewport: { width: 390, height: 700 } });
  const zip = page.getByRole("button", { name: "Download as zip" });
  await zip.waitFor();
  const downloads = () => stage.db.selectFrom("audit_events").select("id").where("action", "=", "downloadSample").execute();
  expect(await downloads()).toHaveLength(0);
  const [download] = await Promise.all([page.waitForEvent("download"), zip.click()]);
  expect(download.suggestedFilename()).toBe(`${hash}.zip`);
  expect(
    readFileSync(await download.path())
      .subarray(0, 2)
      .toString(),
  ).toBe("PK");
  await page.getByRole("button", { name: "Show the bytes" }).click();
  const hex = (await page.getByLabel("Hex", { exact: true }).textContent()) ?? "";
  const lines = hex.split("\n");
  expect(lines[0]).toBe("00000000  73 74 61 72 74 20 00 01 20 57 00 69 00 64 00 65  start .. W.i.d.e");
  expect(lines).toHaveLength(4_096);
  await page.getByRole("button", { name: "Strings" }).click();
  const strings = ((await page.getByLabel("Strings", { exact: true }).textContent()) ?? "").split("\n");
  expect(strings.slice(0, 2)).toEqual(["00000000  start ", "00000009  Wide"]);
  expect(strings.join("")).not.toContain("end");
  expect(await downloads()).toHaveLength(2);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  expect(faults).toEqual([]);
});

it("a hash that nobody has sent, and one that is none, say what to do", async () => {
  const { page } = await open(gateway.url, `/#/sample/${"0".repeat(64)}`);
  await page.getByText("This mesh has never seen a sample with this hash").waitFor();
  expect(await page.getByRole("link", { name: "Send the file" }).getAttribute("href")).toBe("#/");
  await page.goto(`${gateway.url}/#/sample/nonsense`);
  await page.getByText("That is no hash").waitFor();
});

it("what an engine finds after the end shows in an open report, and is called late", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("late"), name: "late.bin" });
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN" });
  await agent.answer("Beta", { scan: scan.scanId, state: "FAILED", verdict: null, error: "it broke" });
  const { page, faults } = await open(gateway.url, `/#/scan/${scan.scanId}`);
  await page
    .getByText(/^INCONCLUSIVE/)
    .first()
    .waitFor();
  expect(await page.getByText("Found after the scan had ended").count()).toBe(0);
  await agent.answer("Beta", { scan: scan.scanId, verdict: "INFECTED", signature: "Test.Late" });
  await page
    .getByText(/^INFECTED.*Test\.Late/)
    .first()
    .waitFor();
  await page.getByText("Found after the scan had ended").waitFor();
  await page.getByRole("row", { name: /Beta/ }).getByText("came after the end").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /^JSON/ }).click()]);
  const { verdict } = JSON.parse(readFileSync(await download.path(), "utf8")) as { verdict: string };
  expect(verdict).toBe("infected");
  await submit(gateway.url, { base64: base64("late"), name: "late.bin" });
  const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /^CSV/ }).click()]);
  const lines = readFileSync(await csv.path(), "utf8")
    .trim()
    .split("\n");
  expect(lines, "the head, and this scan alone").toHaveLength(2);
  expect(faults).toEqual([]);
});
