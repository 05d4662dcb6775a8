import { expect, it } from "vitest";
import { audit } from "../../../gateway/db/audit.js";
import { TESTER } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { idOf, keyWith } from "../keys/keyed-client.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const open = useBrowser();

const HOSTILE = `<i>rlo\u202e</i>${"long".repeat(40)}`;

it("events are filtered by the address, which links and fields write, and paged", async () => {
  const id = idOf(await keyWith(gateway, ["scan:read"], { name: HOSTILE }));
  for (let i = 0; i < 53; i += 1) await audit(stage.db, TESTER, "cordonAgent", `agent-${i}`);
  const { page, faults } = await open(gateway.url, "/#/audit", { viewport: { width: 390, height: 700 } });
  const rows = page.locator("tbody tr");
  await rows.first().waitFor();
  expect(await rows.count()).toBe(50);
  await page.getByText("54 events", { exact: true }).waitFor();
  await page.getByText("Read a moment ago").waitFor();
  await audit(stage.db, TESTER, "cordonAgent", "agent-53");
  await page.getByRole("button", { name: "Reload the events" }).click();
  await page.getByText("55 events", { exact: true }).waitFor();
  await page.getByRole("link", { name: "agent-53", exact: true }).waitFor();
  await page.getByRole("link", { name: "Older events" }).click();
  await page.getByRole("link", { name: "createApiKey" }).waitFor();
  expect(await rows.count()).toBe(5);
  await page.getByRole("link", { name: "createApiKey" }).click();
  await page.getByRole("link", { name: "agent-0", exact: true }).waitFor({ state: "detached" });
  expect(page.url()).toMatch(/#\/audit\?action=createApiKey$/);
  await page.getByText("1 event", { exact: true }).waitFor();
  await rows.getByText("Details").click();
  await rows.getByText("<i>rlo").waitFor();
  expect(await rows.innerText()).not.toContain("\u202e");
  expect(await page.getByLabel("Action").inputValue()).toBe("createApiKey");
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);

  await page.getByLabel("Action").fill("");
  await page.getByLabel("Subject").fill(id);
  await page.getByLabel("From").fill("2020-01-02T03:04");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByRole("link", { name: "createApiKey" }).waitFor();
  expect(page.url()).toMatch(new RegExp(String.raw`\?subject=${id}&since=20(20|19)-\d\d-\d\dT\d\d%3A04%3A00.000Z$`));
  expect(await page.getByLabel("From").inputValue()).toBe("2020-01-02T03:04");
  await page.getByLabel("Until").fill("2020-01-02T03:05");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("No event is like this").waitFor();
  await page.goBack();
  await page.getByRole("link", { name: "createApiKey" }).waitFor();
  expect(faults).toEqual([]);
  await page.goto(`${gateway.url}/#/audit?since=yesterday`);
  await page
    .getByRole("alert")
    .getByText(/yesterday/)
    .waitFor();
});
