/** Much at once: a large folder, hundreds of results a second, reports of many engines; and how little a page asks for. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { Request } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const NAMES = Array.from({ length: 60 }, (_, i) => `Engine-${String(i).padStart(2, "0")}`);
const SCANS = 10;
/** Details with more rows than a page has room for. */
const LONG = {
  yara: {
    matches: Array.from({ length: 8 }, (_, i) => ({
      rule: `rule_${i}`,
      strings: Array.from({ length: 30 }, (__, n) => ({ name: i === 7 && n === 0 ? "$last" : "$a", offset: n, length: 4 })),
    })),
  },
};
/** Results that come from a feed. */
const EVENTS = 900;
const ROWS = "document.querySelectorAll('tr, li').length";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(
  stage,
  "puppet",
  NAMES.map((name) => engine(name)),
);
const open = useBrowser();

it("no final state is dropped while hundreds of results arrive, and a report of 60 engines has few rows", async () => {
  const { page: home, faults } = await open(gateway.url);
  await home.getByRole("heading", { name: "Latest scans" }).waitFor();
  const scans = await Promise.all(
    Array.from(
      { length: SCANS },
      async (_, i) => (await submit(gateway.url, { base64: base64(`much ${i}`), name: `much-${i}.bin` })).scan.scanId,
    ),
  );
  const { page: report } = await open(gateway.url, `/#/scan/${scans[0]}`);
  await report.getByText(`0 of ${NAMES.length} engines have ended`).waitFor();
  await Promise.all(scans.flatMap((scan) => NAMES.map((name) => agent.answer(name, { scan, verdict: "CLEAN", details: LONG }))));
  for (let i = 0; i < SCANS; i++)
    await home
      .getByRole("row", { name: `much-${i}.bin` })
      .getByText("Clean")
      .waitFor();
  await report
    .getByText(/^CLEAN: all 60 antivirus engines/)
    .first()
    .waitFor();
  const table = report.getByRole("region", { name: "Engines" }).getByRole("table");
  expect(await table.locator(".verdict", { hasText: "Clean" }).count()).toBe(NAMES.length);
  await table.getByRole("button", { name: "Details of Engine-00" }).click();
  await table.getByRole("button", { name: "Show 30 strings" }).last().click();
  await table.getByText("$last").waitFor();
  expect(await table.locator("tr").count()).toBeLessThanOrEqual(80);
  expect(await home.evaluate<number>(ROWS)).toBeLessThanOrEqual(80);
  expect(faults).toEqual([]);
});

it("a report's rows stay where they are while engines answer, and are sorted once at its end; pages of queues have addresses", async () => {
  const chosen = NAMES.slice(0, 7);
  const { scan } = await submit(gateway.url, { base64: base64("sorted"), engines: chosen });
  const { page, faults } = await open(gateway.url, `/#/scan/${scan.scanId}`);
  const table = page.getByRole("region", { name: "Engines" }).getByRole("table");
  const order = async () => (await table.locator("tbody th").allInnerTexts()).map((name) => name.trim().slice(-1)).join("");
  const answers = [
    ["4", { verdict: "INFECTED", signature: "Sorted.First" }, "Sorted.First"],
    ["0", { verdict: "CLEAN" }, "Clean"],
    ["1", { state: "UNSCANNED", cause: "TOO_LARGE", error: "too large" }, "too large"],
    ["2", { state: "FAILED", error: "it broke" }, "it broke"],
    ["3", { verdict: "SUSPICIOUS", signature: "Sorted.Second" }, "Sorted.Second"],
    ["6", { verdict: "CLEAN" }, "Clean"],
  ] as const;
  for (const [last, answer, shown] of answers) {
    await agent.answer(`Engine-0${last}`, { scan: scan.scanId, ...answer });
    await table
      .getByRole("row", { name: `Engine-0${last}` })
      .getByText(shown)
      .waitFor();
    expect(await order()).toBe("0123456");
  }
  await agent.answer("Engine-05", { scan: scan.scanId, verdict: "INFECTED" });
  await page
    .getByText(/^INFECTED: 3 of 7/)
    .first()
    .waitFor();
  await until("they are sorted", async () => (await order()) === "4532106");
  // Two of the seven engines did not finish.
  expect(await page.locator(".ratio").innerText()).toMatch(/^3\s*of\s*\/\s*5\s*detect it$/);
  await page.getByRole("link", { name: "Fleet" }).click();
  await page.getByRole("button", { name: "More engines" }).click();
  await page.getByRole("row", { name: /^Engine-25/ }).waitFor();
  await page.reload();
  await page.getByRole("row", { name: /^Engine-25/ }).waitFor();
  await page.goBack();
  await page.getByRole("row", { name: /^Engine-00/ }).waitFor();
  expect(faults).toEqual([]);
});

it("a list of 10,000 scans has few rows, on its first page and when a thousand more have come", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("many"), name: "many-0" });
  const insert = (from: number, to: number) =>
    sql`
      insert into scans (sample_id, name, speed, internet, deadline, end_date, verdict, done, total, skipped)
      select sample_id, 'many-' || i, 'ALL', false, now(), now(), 'CLEAN', 0, 0, '[]'
      from scans, generate_series(${from}::int, ${to}::int) as i where id = ${scan.scanId}`.execute(stage.db);
  await insert(1, 9_999);
  const { page, faults } = await open(gateway.url, "/#/scans?name=many-*");
  await page.getByText("10,000 scans", { exact: true }).waitFor();
  await page.getByRole("row", { name: /many-9999/ }).waitFor();
  const rows = await page.evaluate<number>(ROWS);
  expect(rows).toBeGreaterThan(50);
  expect(rows).toBeLessThanOrEqual(80);
  const last = 10_000;
  await insert(last, last);
  await page.getByRole("button", { name: "1 new", exact: true }).waitFor();
  await insert(last + 1, last + 1_000);
  await page.getByRole("button", { name: "More than 1000 new" }).click();
  await page.getByText("More than 10,000 scans").waitFor();
  await page.getByRole("row", { name: new RegExp(`many-${last + 1_000}`) }).waitFor();
  expect(await page.evaluate<number>(ROWS)).toBeLessThanOrEqual(80);
  expect(faults).toEqual([]);
});

it("no final state is dropped while 500 results a second come from the feed", async () => {
  const SHOWN = 15;
  const scans = await Promise.all(
    Array.from({ length: SHOWN }, (_, i) => submit(gateway.url, { base64: base64("paced"), name: `paced-${i}` })),
  );
  const ids = scans.map(({ scan }) => scan.scanId);
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  onTestFinished(() => clearInterval(timer));
  const { page, faults } = await open(gateway.url, "/", {
    before: (made) =>
      made.routeWebSocket("**/graphql", (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((message) => {
          server.send(message);
          const { id, payload } = JSON.parse(String(message)) as { id?: string; payload?: { query?: string } };
          if (!payload?.query?.includes("subscription ScanFeed")) return;
          timer = setInterval(() => {
            for (let i = 0; i < 5 && sent < EVENTS; i++) socket.send(feedEvent(String(id), ids, sent++));
          }, 10);
        });
      }),
  });
  for (const [i, scanId] of ids.entries()) {
    const row = page
      .getByRole("row", { name: `paced-${i}`, exact: false })
      .filter({ has: page.locator(`a[href="#/scan/${scanId}"]`) });
    await row.getByText(scanId % 2 === 0 ? "Infected" : "Clean").waitFor();
    await row.getByText(String(NAMES.length), { exact: true }).first().waitFor();
  }
  expect(sent).toBe(EVENTS);
  expect(faults).toEqual([]);
});

/** One result of a scan as the feed tells it: they come from all scans in turn, and the last of each scan ends it. */
function feedEvent(id: string, ids: readonly number[], at: number): string {
  const scanId = ids[at % ids.length] ?? 0;
  const done = Math.floor(at / ids.length) + 1;
  const isLast = at >= EVENTS - ids.length;
  const scan = {
    id: `Scan:${scanId}`,
    scanId,
    revision: 1_000 + at,
    name: `paced-${ids.indexOf(scanId)}`,
    verdict: isLast ? (scanId % 2 === 0 ? "INFECTED" : "CLEAN") : null,
    detections: 0,
    done,
    total: NAMES.length,
    startDate: new Date().toISOString(),
    endDate: isLast ? new Date().toISOString() : null,
    sample: { sha256: "0".repeat(64), size: 5, mime: "text/plain" },
  };
  return JSON.stringify({ id, type: "next", payload: { data: { scanFeed: { cursor: "none", scans: [scan] } } } });
}

it("a folder of 5,000 files shows a few dozen, and the page stays usable", async () => {
  const folder = mkdtempSync(join(tmpdir(), "scanmesh-folder-"));
  try {
    for (let i = 0; i < 5_000; i++) writeFileSync(join(folder, `${i}.txt`), `file ${i}`);
    const { page, faults } = await open(gateway.url);
    await page.getByRole("button", { name: "Choose a folder" }).waitFor();
    await page.locator("input[type=file]").nth(1).setInputFiles(folder);
    await page
      .getByText(/^[1-9]\d* of 5000 files accepted/)
      .first()
      .waitFor();
    expect(await page.evaluate<number>(ROWS)).toBeLessThanOrEqual(80);
    await page.getByRole("link", { name: "Fleet" }).click();
    await page.getByRole("heading", { name: "Fleet", exact: true }).waitFor();
    await page.getByRole("link", { name: "Home" }).click();
    await page
      .getByText(/^\d+ of 5000 files accepted$/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Stop and clear the list" }).click();
    await page.getByText("of 5000 files accepted").first().waitFor({ state: "detached" });
    expect(faults).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("the latest scans are shown after five requests at most", async () => {
  const asked: Request[] = [];
  const { page } = await open(gateway.url, "/", {
    before: async (made) => {
      made.on("request", (request) => asked.push(request));
      await made.addInitScript(`new MutationObserver((_, watch) => {
        if (document.querySelector(".drop") === null || document.querySelector("table.scans td") === null) return;
        globalThis.readyAt = Date.now();
        watch.disconnect();
      }).observe(document, { subtree: true, childList: true })`);
    },
  });
  await page.locator("table.scans td").first().waitFor();
  const readyAt = await page.evaluate<number>("readyAt");
  // What was asked later, or is still open, was not waited for.
  const isAwaited = (request: Request) => {
    const { startTime, responseEnd } = request.timing();
    return responseEnd >= 0 && startTime + responseEnd <= readyAt && !request.url().startsWith("data:");
  };
  const paths = asked.filter(isAwaited).map((request) => new URL(request.url()).pathname);
  expect(paths, "the page, at least").toContain("/");
  expect(paths.slice(5), `asked for ${paths.join(" ")}`).toEqual([]);
});
