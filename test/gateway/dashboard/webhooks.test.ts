import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { startReceiver } from "../webhooks/webhook-receiver.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_WEBHOOK_NETWORKS: "127.0.0.0/8" }));
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const receiver = prepared(startReceiver, ({ close }) => close());
const open = useBrowser();

it("a webhook is added, its delivery that failed is sent again, and it is switched off and deleted", async () => {
  const { page, faults } = await open(gateway.url, "/#/webhooks", { viewport: { width: 390, height: 700 } });
  const url = page.getByLabel("Address");
  await url.fill("http://10.0.0.1/hook");
  const add = page.getByRole("button", { name: "Add the webhook" });
  await add.click();
  await page
    .getByRole("alert")
    .getByText(/10\.0\.0\.1 is no public address/)
    .waitFor();
  await url.fill(receiver.url);
  await page.getByRole("checkbox", { name: /SCAN_FINISHED/ }).check();
  await add.click();
  const shown = page.getByRole("group", { name: "The new secret that signs the deliveries" });
  expect(await shown.locator("code").textContent()).toMatch(/^whsec_/);

  const card = page.getByRole("region", { name: "Webhook 1", exact: true });
  await card.getByRole("link", { name: /^Deliveries/ }).click();
  await page.getByText("Nothing was sent yet").waitFor();
  receiver.answer(500);
  const { scan } = await submit(gateway.url, { base64: base64("told") });
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN" });
  const row = page.getByRole("row", { name: new RegExp(`#${scan.scanId} `) });
  await row.getByText("Waiting").waitFor();
  await row.getByText(/^500/).waitFor();
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);

  const states = page.getByRole("navigation", { name: "Which deliveries" });
  await states.getByRole("link", { name: "Delivered" }).click();
  await page.getByText("None of the last 30 days is in this state").waitFor();
  receiver.answer(200);
  await page.goBack();
  await row.getByRole("button", { name: /^Send again/ }).click();
  await row.getByText("Delivered").waitFor();
  await states.getByRole("link", { name: "Delivered" }).click();
  await row.getByText("Delivered").waitFor();
  expect(page.url()).toMatch(/\?state=DELIVERED$/);
  await page.goto(page.url().replace("DELIVERED", "constructor"));
  await states.locator("[aria-current=true]").getByText("All").waitFor();
  await row.getByText("Delivered").waitFor();

  await page.goto(`${gateway.url}/#/webhooks`);
  await page.getByText("1 webhook", { exact: true }).waitFor();
  await card.getByRole("button", { name: /^Switch off/ }).click();
  await card.getByText("switched off", { exact: true }).waitFor();
  await stage.db.updateTable("webhook_deliveries").set({ state: "FAILED" }).execute();
  await page.getByRole("button", { name: "Reload the webhooks" }).click();
  await page.getByText("1 webhook: 1 switched off, 1 with deliveries that were given up").waitFor();
  await card.getByRole("link", { name: "Deliveries were given up" }).click();
  await row.getByText("Given up").waitFor();
  await page.goBack();
  page.on("dialog", (dialog) => void dialog.accept());
  await card.getByRole("button", { name: /^Delete/ }).click();
  await page.getByText("No webhook is there yet").waitFor();
  await page.goto(`${gateway.url}/#/webhooks/%E0%A4%A`);
  await page.getByRole("heading", { name: "Deliveries" }).waitFor();
  expect(faults).toEqual([]);
});
