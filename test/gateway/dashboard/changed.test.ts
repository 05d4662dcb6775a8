import { expect, it } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, shown, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha", { slots: 10 })]);
const open = useBrowser();

const HOSTILE = `<b>rlo\u202e</b>${"long".repeat(30)}.exe`;
const versions = (signatures: string) => ({ engine: "1.0", signatures, signatureDate: null });

it("an engine is switched on, and what its update changes stands in the list by itself", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("changed"), name: HOSTILE });
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "CLEAN" });
  await until("it is final", async () => (await shown(gateway.url, scan.scanId)).endDate ?? undefined);
  const { page, faults } = await open(gateway.url, "/#/changed", { viewport: { width: 390, height: 700 } });
  await page.getByText("Nobody looks for changed verdicts").waitFor();
  await page.getByRole("button", { name: "Switch on Alpha" }).click();
  await page.getByText("No verdict has changed").waitFor();
  await page.getByRole("button", { name: "Switch off Alpha" }).waitFor();

  await agent.announce([{ versions: versions("43") }]);
  const check = await until("it is scanned again", () =>
    stage.db.selectFrom("verdict_checks").select("scan_id").executeTakeFirst(),
  );
  await agent.answer("Alpha", { scan: check.scan_id, verdict: "INFECTED", signature: "New", versions: versions("43") });
  const row = page.locator("tbody tr").first();
  await row.getByText("Infected").waitFor();
  const text = await row.innerText();
  expect(text).toMatch(/Clean[\s\S]*Infected[\s\S]*New[\s\S]*42 → 43/);
  expect(text).not.toContain("\u202e");
  await page.getByRole("cell", { name: /1\.0 \/ 43.*all samples looked at/ }).waitFor();
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);

  await row.getByRole("link", { name: "Alpha" }).click();
  await page.getByRole("link", { name: "Show all" }).waitFor();
  expect(page.url()).toMatch(/#\/changed\?engine=Alpha$/);
  await row.getByRole("link", { name: /<b>rlo/ }).click();
  await page.getByRole("heading", { name: /rlo/ }).waitFor();
  expect(page.url()).toMatch(new RegExp(`#/scan/${check.scan_id}$`));
  expect(faults).toEqual([]);
});
