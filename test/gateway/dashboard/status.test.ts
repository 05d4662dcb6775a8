import { expect, it } from "vitest";
import { ownVersion } from "../../../schema/version.js";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { keyWith } from "../keys/keyed-client.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
usePuppet(stage, "puppet", [engine("Alpha")]);
const open = useBrowser();

it("shows each part with its version, and copies it as text without a secret", async () => {
  const key = await keyWith(gateway, ["scan:read"]);
  const { page, faults } = await open(gateway.url, "/#/status", { key, permissions: ["clipboard-read", "clipboard-write"] });
  await page
    .getByRole("region", { name: "NATS, isolated engines" })
    .getByRole("row", { name: /^SCANS / })
    .waitFor();
  await page
    .getByRole("region", { name: "Agents" })
    .getByRole("row", { name: /^puppet / })
    .waitFor();
  await page.getByRole("button", { name: /^Copy diagnostics/ }).click();
  await page.getByText("Copied").waitFor();
  const copied = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(copied).toMatch(new RegExp(`^page ${ownVersion()}, gateway ${ownVersion()}, schema \\d{4}-`, "m"));
  for (const part of ["gateway on ", "Postgres ", "NATS ISOLATED: ", "NATS INTERNET: ", "  SCANS: ", "agent puppet on "])
    expect(copied).toContain(part);
  expect(copied).not.toContain(key);
  expect(copied).not.toMatch(/sm_|nats:\/\/|postgres:\/\//);
  expect(faults).toEqual([]);
});

it("the menu of rare screens has what the key may see and is used by keyboard, 390 px wide; each API is found beside the page", async () => {
  const key = await keyWith(gateway, ["scan:read"]);
  const { page, faults } = await open(gateway.url, "/", { key, viewport: { width: 390, height: 700 } });
  const more = page.locator("details.more");
  const isOpen = () => more.evaluate<boolean, { open: boolean }>((menu) => menu.open);
  await more.locator("summary").focus();
  await page.keyboard.press("Enter");
  expect(await isOpen()).toBe(true);
  const links = await page.getByRole("navigation").getByRole("link").allTextContents();
  expect(links).toContain("Status");
  for (const name of ["Keys", "Webhooks", "Audit"]) expect(links).not.toContain(name);
  await page.keyboard.press("Escape");
  expect(await isOpen()).toBe(false);
  expect(await page.locator("summary:focus").count()).toBe(1);
  await page.keyboard.press("Enter");
  for (const name of ["Updates", "Rulesets", "Changed verdicts", "API"]) {
    await page.keyboard.press("Tab");
    expect(await page.locator("a:focus").textContent()).toBe(name);
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "API", level: 1 }).waitFor();
  expect(await isOpen()).toBe(false);

  const targets = await page
    .getByRole("main")
    .getByRole("link")
    .evaluateAll<string[], { href: string }>((links) => links.map(({ href }) => href));
  expect(targets).toHaveLength(4);
  for (const target of targets) expect({ target, status: (await fetch(target)).status }).toEqual({ target, status: 200 });
  await page.getByText(`curl -s '${gateway.url}/graphql' -H "authorization: Bearer $SCANMESH_API_KEY"`).waitFor();
  for (const path of ["#/api", "#/status"]) {
    await page.goto(`${gateway.url}/${path}`);
    await page.locator("h2").first().waitFor();
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  }
  expect(faults).toEqual([]);
});
