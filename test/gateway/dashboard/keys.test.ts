import { expect, it } from "vitest";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { idOf, keyWith, operation } from "../keys/keyed-client.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const open = useBrowser();

/** Markup, hidden and turning characters in a name. */
const HOSTILE = "<b>rlo\u202e\u200b</b>";

it("a key is made with its scopes and limits, is shown once, works, and is refused once it is revoked", async () => {
  const admin = await keyWith(gateway, ["admin"]);
  const { page, faults } = await open(gateway.url, "/#/keys", {
    key: admin,
    viewport: { width: 390, height: 700 },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await page.getByLabel("What it is for, or who uses it").fill(HOSTILE);
  await page.getByRole("checkbox", { name: /download samples/ }).check();
  await page.getByLabel("Expires").selectOption({ label: "In 7 days" });
  await page.getByLabel("Scans a day").fill("12");
  await page.getByRole("button", { name: "Make the key" }).click();
  const shown = page.getByRole("group", { name: "The new API key" });
  const text = (await shown.locator("code").textContent()) ?? "";
  expect(text).toMatch(/^sm_/);
  await page.locator("[role=group]:focus").waitFor();
  await shown.getByRole("button", { name: /^Copy/ }).click();
  await shown.getByText("Copied").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(text);

  const viewer = () => operation(gateway, text, "{ viewer { keyName scopes limits { dailyScans } } }");
  expect((await viewer()).json()).toEqual({
    data: { viewer: { keyName: HOSTILE, scopes: ["SCAN_READ", "SAMPLE_READ"], limits: { dailyScans: 12 } } },
  });
  const row = page.getByRole("row", { name: new RegExp(`sm_${idOf(text)}_`) });
  await row.getByText("read scans, download samples").waitFor();
  await row.getByText("0 of 12 scans today").waitFor();
  const expiry = Date.parse((await row.locator("time").last().getAttribute("datetime")) ?? "");
  expect(Math.abs(expiry - Date.now() - 7 * 86_400_000)).toBeLessThan(600_000);
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);

  await shown.getByRole("button", { name: "I have stored it" }).click();
  expect(await page.getByText(text).count()).toBe(0);
  await stage.db
    .updateTable("api_keys")
    .set({ expires_at: new Date(0) })
    .where("id", "=", idOf(await keyWith(gateway, ["scan:read"])))
    .execute();
  await page.getByRole("button", { name: "Reload the keys" }).click();
  await page.getByText(/^3 keys: 1 expired, [1-3] never used$/).waitFor();
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    void (asked.length === 1 ? dialog.dismiss() : dialog.accept());
  });
  await row.getByRole("button", { name: /^Revoke/ }).click();
  expect((await viewer()).status).toBe(200);
  await row.getByRole("button", { name: /^Revoke/ }).click();
  await row.waitFor({ state: "detached" });
  expect((await viewer()).status).toBe(401);
  expect(asked[1]).toMatch(/^Revoke the key of <b>rlo/);
  expect(asked[1]).not.toMatch(/[\u202e\u200b]/);
  await page.getByRole("link", { name: "Show revoked keys, too" }).click();
  await row.getByText(/revoked/).waitFor();
  await page.goBack();
  await row.waitFor({ state: "detached" });
  expect(faults).toEqual([]);
});

it("a key that is made while the list is being read is listed", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isRead = false;
  const { page } = await open(gateway.url, "/#/keys", {
    key: await keyWith(gateway, ["admin"]),
    before: (made) =>
      made.route("**/graphql", async (route) => {
        if (isRead || !route.request().postData()?.includes("query ReadKeys")) return route.fallback();
        const response = await route.fetch();
        isRead = true;
        await released;
        return route.fulfill({ response });
      }),
  });
  await page.getByLabel("What it is for, or who uses it").fill("made meanwhile");
  await until("the gateway has read the list", () => isRead);
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("group", { name: "The new API key" }).waitFor();
  release();
  await page.getByRole("row", { name: /^made meanwhile/ }).waitFor();
  expect(await page.getByRole("row", { name: /^made meanwhile/ }).count()).toBe(1);
});

it("a key that the gateway refuses says why, and one that may not make keys is told which scope it lacks", async () => {
  const { page } = await open(gateway.url, "/#/keys", { key: await keyWith(gateway, ["admin"]) });
  await page.getByLabel("What it is for, or who uses it").fill("nothing");
  await page.getByRole("checkbox", { name: /read scans/ }).uncheck();
  await page.getByRole("button", { name: "Make the key" }).click();
  await page
    .getByRole("alert")
    .getByText(/scopes/)
    .waitFor();
  const reader = await open(gateway.url, "/#/keys", { key: await keyWith(gateway, ["scan:read"]) });
  await reader.page.getByText("Your API key lacks the scope ADMIN").waitFor();
  expect(await reader.page.getByRole("button", { name: "Make the key" }).count()).toBe(0);
});
