/** Makes a picture of every screen, light and dark, on a desktop and 390 px wide, over a history that has all there is. */

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Page } from "playwright-core";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { useBrowser } from "../gateway/dashboard/browser.js";
import { ENGINES, playHistory } from "../gateway/dashboard/history.js";
import { SETTLED } from "../gateway/dashboard/in-page.js";
import { screenPaths } from "../gateway/dashboard/screens.js";
import { data } from "../gateway/http/http-client.js";
import { CREATE_WEBHOOK, startReceiver } from "../gateway/webhooks/webhook-receiver.js";
import { startPuppet } from "../stage/puppet-agent.js";
import { until } from "../stage/stage.js";
import { prepared, useStage } from "../stage/use-stage.js";
import { keepStatistics } from "./statistics.js";
import { playWeek } from "./week.js";

const FOLDER = process.env["SCREENSHOTS"] ?? "docs/pictures";
/** The names of the pictures to be made; none: all of them. */
const ONLY = process.env["SCREENSHOTS_OF"]?.split(",").filter(Boolean) ?? [];
const SIZES = [
  ["", { width: 1280, height: 800 }],
  ["-390", { width: 390, height: 844 }],
] as const;
const SCHEMES = ["light", "dark"] as const;

/** Those of the README, which are small enough to be kept. */
const KEPT = new Set(["home-light", "report-light", "fleet-dark", "statistics-7d-dark"]);
const QUALITY = 80;

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What is done once the screen is there. */
  readonly act?: (page: Page) => Promise<unknown>;
}

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_WEBHOOK_NETWORKS: "127.0.0.0/8" }));
const receiver = prepared(startReceiver, ({ close }) => close());
const open = useBrowser();

it("every screen that is empty at first has its pictures", async () => {
  const empty = ["/", "/scans", "/fleet", "/engines", "/statistics", "/webhooks"];
  expect(await take(empty.map((path) => ({ name: `${nameOf(path)}-empty`, path })))).toEqual([]);
});

it("every screen has its pictures with a history", async () => {
  receiver.answer(500);
  await data(gateway.url, CREATE_WEBHOOK, { input: { url: receiver.url, events: ["SCAN_FINISHED", "SCAN_DETECTED"] } });
  for (const [name, scopes] of Object.entries({ "mail filter": ["SCAN_WRITE"], "SOC on call": ["SCAN_READ", "SAMPLE_READ"] }))
    await data(gateway.url, CREATE_KEY, { input: { name, scopes, rate: 20 } });
  const first = await startPuppet(stage, "scanner-1", ENGINES);
  const history = await playHistory(gateway.url, first);
  const week = await playWeek(stage, gateway.url, first);
  // Among scans of hours ago none is still at work.
  for (const name of ["ClamAV", "FileType"]) await first.answer(name, { scan: history.running });
  try {
    await until("the webhook has failed", () => receiver.received.length > 3);
    await until("only what is new is at work", async () => {
      const open = await stage.db.selectFrom("scans").select("id").where("end_date", "is", null).execute();
      return open.length === 2;
    });
    await spreadScans();
    await keepStatistics(stage.db);
    const { webhooks } = await data<{ webhooks: { id: string }[] }>(gateway.url, "{ webhooks { id } }");
    const [webhook] = webhooks;
    const reports = { clean: history.clean, inconclusive: history.inconclusive, running: week.running };
    const wrong = await take([
      ...screenPaths(history).map((path) => ({ name: nameOf(path), path })),
      ...Object.entries(reports).map(([which, scan]) => ({ name: `report-${which}`, path: `/scan/${scan}` })),
      { name: "report", path: `/scan/${week.most}` },
      {
        name: "report-yara",
        path: `/scan/${week.most}`,
        act: (page) => page.getByRole("button", { name: "Details of Yara", exact: true }).click(),
      },
      {
        name: "report-file-info",
        path: `/scan/${week.most}`,
        act: (page) => page.getByRole("button", { name: "Details of FileInfo" }).click(),
      },
      { name: "deliveries", path: `/webhooks/${encodeURIComponent(webhook?.id ?? "")}` },
      { name: "report-missing", path: "/scan/999" },
      { name: "statistics-7d", path: "/statistics?range=7d" },
      {
        name: "statistics-table",
        path: "/statistics",
        act: (page) => page.getByRole("button", { name: "Show as table" }).click(),
      },
      { name: "scans-filtered", path: "/scans?verdict=INFECTED&engine=ClamAV" },
      { name: "scans-none", path: "/scans?verdict=SUSPICIOUS&engine=Sandbox" },
      { name: "menu", path: "/status", act: (page) => page.getByText("More", { exact: true }).click() },
      { name: "home-uploads", path: "/", act: chooseFiles },
    ]);
    expect(wrong).toEqual([]);
  } finally {
    await Promise.all([first.close(), week.close()]);
  }
});

const CREATE_KEY = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on UserError { message } } }`;

/** Lets the scans have been made over the last days. */
async function spreadScans(): Promise<void> {
  const back = (id: string) => sql`((select max(id) from scans) - ${sql.ref(id)}) * interval '47 minutes'`;
  const ended = sql`select id from scans where end_date is not null`;
  await sql`update results set started_at = started_at - ${back("scan_id")}, ended_at = ended_at - ${back("scan_id")}
    where scan_id in (${ended})`.execute(stage.db);
  await sql`update samples set first_seen = first_seen - interval '9 days'`.execute(stage.db);
  await sql`update scans set start_date = start_date - ${back("id")}, end_date = end_date - ${back("id")}
    where id in (${ended})`.execute(stage.db);
}

async function chooseFiles(page: Page): Promise<void> {
  const file = (name: string, text: string) => ({ name, mimeType: "", buffer: Buffer.from(text) });
  const known = file("holiday-copy.jpg", "holiday.jpg");
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles([known, file("notes.txt", "notes"), file("empty.bin", "")]);
  await page.getByText("3 of 3 files accepted").first().waitFor();
}

/** Every picture in both sizes and both colour schemes; returns what went wrong on the pages. */
async function take(pictures: readonly Picture[]): Promise<string[]> {
  const wrong: string[] = [];
  mkdirSync(FOLDER, { recursive: true });
  const wanted = pictures.filter(({ name }) => ONLY.length === 0 || ONLY.includes(name));
  const all = wanted.flatMap((picture) => SIZES.map((size) => [picture, size] as const));
  for (const [i, [{ name, path, act }, [suffix, viewport]]] of all.entries()) {
    const { page, faults } = await open(gateway.url, `/#${path}`, { viewport, reducedMotion: "reduce" });
    await page.locator("main h1, main .empty").first().waitFor({ state: "attached" });
    await page.evaluate(SETTLED);
    await act?.(page);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(SETTLED);
      const file = join(FOLDER, `${name}${suffix}-${colorScheme}.png`);
      await page.screenshot({ path: file, fullPage: true });
      if (KEPT.has(basename(file, ".png"))) await writeSmall(page, file.replace(".png", ".webp"));
      process.stdout.write(`${String(2 * i + SCHEMES.indexOf(colorScheme) + 1).padStart(3)} of ${2 * all.length}  ${file}\n`);
    }
    await page.context().close();
    wrong.push(...faults);
  }
  return wrong;
}

/** The whole page as WebP, which Playwright does not write by itself. */
async function writeSmall(page: Page, file: string): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const { cssContentSize } = await cdp.send("Page.getLayoutMetrics");
  const clip = { ...cssContentSize, scale: 1 };
  const { data: small } = await cdp.send("Page.captureScreenshot", {
    format: "webp",
    quality: QUALITY,
    captureBeyondViewport: true,
    clip,
  });
  writeFileSync(file, Buffer.from(small, "base64"));
}

/** What the pictures of a screen are called. */
function nameOf(path: string): string {
  return (
    path
      .split("/")
      .join("-")
      .replace(/^-/, "")
      .replace(/-[0-9a-f]{64}$/, "") || "home"
  );
}
