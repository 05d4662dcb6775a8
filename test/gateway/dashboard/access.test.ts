/** WCAG 2.2 AA on every screen: what axe sees, and what it cannot. */

import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { projectPath } from "../../../schema/paths.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { keyWith } from "../keys/keyed-client.js";
import { useBrowser } from "./browser.js";
import { ENGINES, playHistory } from "./history.js";
import { EVERYTHING_PRESSED, FOCUSED, MOVING, NOTE_LIVE_REGIONS, SETTLED, SMALL_TARGETS } from "./in-page.js";
import { screenPaths } from "./screens.js";

const AXE = readFileSync(projectPath("node_modules/axe-core/axe.min.js"), "utf8");
const ALL_RULES = {
  runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
  rules: { "target-size": { enabled: true } },
};
/** The other colour scheme changes nothing else. */
const COLOURS = { runOnly: ["color-contrast", "link-in-text-block"] };

/** What depends on the width. */
const NARROW = { runOnly: ["scrollable-region-focusable", "target-size", "color-contrast"] };

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", ENGINES);
const history = prepared(() => playHistory(gateway.url, agent));
const guarded = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const open = useBrowser();

/** Every screen, and the reports that differ from the first. */
const paths = () => [
  ...screenPaths(history),
  ...[history.clean, history.inconclusive, history.running].map((id) => `/scan/${id}`),
];

/** Opens a screen, and waits until it has read what it shows. */
async function show(page: Page, path: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#${path}`)}`);
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await page.evaluate(SETTLED);
}

it("axe finds nothing on any screen, dark and light; each has a title of its own, and nothing that moves", async () => {
  const { page, faults } = await open(gateway.url, "/", { reducedMotion: "reduce" });
  await page.evaluate(AXE);
  const titles: string[] = [];
  for (const path of paths()) {
    await show(page, path);
    titles.push(await page.title());
    const details = await page.getByRole("button", { name: /^Details of/ }).all();
    for (const button of details) await button.click();
    if (details.length > 0) await page.evaluate(SETTLED);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const options = colorScheme === "light" ? ALL_RULES : COLOURS;
      const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })),
      );
      expect({ path, colorScheme, found }).toEqual({ path, colorScheme, found: [] });
    }
    expect({ path, moving: await page.evaluate(MOVING) }).toEqual({ path, moving: 0 });
  }
  expect(titles.filter((title, i) => !/^.+ · ScanMesh$/.test(title) || titles.indexOf(title) !== i)).toEqual([]);
  expect(titles).toContain("holiday.jpg: Clean · ScanMesh");
  expect(faults).toEqual([]);
});

it("axe finds nothing on the form for a key, nor where a key lacks a scope or a screen is not there", async () => {
  const { page } = await open(guarded.url);
  await page.getByLabel("API key").waitFor();
  const key = await keyWith(guarded, ["scan:read"]);
  const pages = [
    page,
    ...(await Promise.all(["/#/keys", "/#/none"].map(async (path) => (await open(guarded.url, path, { key })).page))),
  ];
  for (const one of pages) {
    await one.locator("h1, .empty").first().waitFor();
    await one.evaluate(AXE);
    for (const colorScheme of ["light", "dark"] as const) {
      await one.emulateMedia({ colorScheme });
      const { violations } = await one.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(ALL_RULES)})`);
      expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => ({ id, html, url: one.url() })))).toEqual([]);
    }
  }
});

it("the button for files is readable under the pointer and with the focus, dark and light", async () => {
  const { page } = await open(gateway.url);
  await page.evaluate(AXE);
  const button = page.getByRole("button", { name: "Choose files" });
  await button.hover();
  await button.focus();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes } = await page.evaluate<AxeResults>(`axe.run(".drop .primary", ${JSON.stringify(COLOURS)})`);
    expect({ colorScheme, violations, checked: passes.map(({ id }) => id) }).toMatchObject({
      violations: [],
      checked: ["color-contrast"],
    });
  }
});

it("what has the focus is not covered; 390 px wide nothing is cut off, what scrolls does so by keyboard, and targets are large", async () => {
  const { page } = await open(gateway.url);
  await page.evaluate(AXE);
  for (const path of paths()) {
    await page.setViewportSize({ width: 760, height: 420 });
    await show(page, path);
    const covered: unknown[] = [];
    for (const [key, times] of [
      ["Tab", 20],
      ["Shift+Tab", 10],
    ] as const)
      for (let steps = 0; steps < times; steps++) {
        await page.keyboard.press(key);
        const focused = await page.evaluate<{ name: string; isShown: boolean } | null>(FOCUSED);
        // It has gone round.
        if (focused === null && steps > 0) break;
        if (focused?.isShown === false) covered.push(focused.name);
      }
    const small = await page.evaluate<string[]>(SMALL_TARGETS);
    await page.setViewportSize({ width: 390, height: 420 });
    await page.evaluate(SETTLED);
    small.push(...(await page.evaluate<string[]>(SMALL_TARGETS)));
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(NARROW)})`);
    const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => ({ id, html })));
    expect({ path, covered, small, width, found }).toEqual({ path, covered: [], small: [], width: 390, found: [] });
  }
});

it("live regions say one message a second at most while files are sent and scans arrive", async () => {
  const { page } = await open(gateway.url);
  await page.evaluate(NOTE_LIVE_REGIONS);
  const files = Array.from({ length: 12 }, (_, i) => ({ name: `${i}.txt`, mimeType: "", buffer: Buffer.from(`file ${i}`) }));
  await page.locator("input[type=file]").first().setInputFiles(files);
  const arriving = Array.from({ length: 30 }, (_, i) => ({ base64: base64(`arrives ${i}`), name: `arrives-${i}` }));
  await Promise.all(arriving.map((input) => submit(gateway.url, input)));
  await page.getByRole("status").getByText("12 of 12 files accepted").waitFor();
  const times = await page.evaluate<number[]>("said.map(({ at }) => at)");
  expect(times.length).toBeGreaterThan(0);
  expect(times.slice(1).filter((at, i) => at - (times[i] ?? 0) < 990)).toEqual([]);

  await page.evaluate(`said = []; location.hash = "#/scans?name=counted-*"`);
  await page.getByText("No scan found").waitFor();
  for (let i = 0; i < 30; i++) await submit(gateway.url, { base64: base64("counted"), name: `counted-${i}` });
  await page.getByRole("button", { name: "30 new", exact: true }).waitFor();
  await page.getByRole("status").getByText("30 new scans").waitFor();
  const counted = await page.evaluate<number[]>("said.map(({ at }) => at)");
  expect(counted.length).toBeGreaterThan(0);
  expect(counted.slice(1).filter((at, i) => at - (counted[i] ?? 0) < 990)).toEqual([]);
});

it("a key that may only read is offered nothing that it may not do", async () => {
  const { page } = await open(guarded.url, "/", { key: await keyWith(guarded, ["scan:read"]) });
  page.on("dialog", (dialog) => void dialog.accept());
  const refused: string[] = [];
  page.on("response", (response) => {
    if (!new URL(response.url()).pathname.endsWith("/graphql")) return;
    // A page that is left has no body any more.
    const body = response.text().catch(() => "");
    void body.then((text) => text.includes("FORBIDDEN") && refused.push(response.request().postData() ?? text));
  });
  const adminOnly = /^\/(fleet\/add|keys|webhooks|audit)\b/;
  const led = new Set<string>();
  for (const path of paths().filter((one) => !adminOnly.test(one))) {
    await show(page, path);
    for (const link of await page.locator("main a[href^='#/']").all()) led.add((await link.getAttribute("href"))?.slice(1) ?? "");
    await page.evaluate(EVERYTHING_PRESSED);
    expect({ path, refused }).toEqual({ path, refused: [] });
  }
  expect([...led].filter((to) => adminOnly.test(to))).toEqual([]);
});
