/** The main path by keyboard alone. */

import type { FileChooser } from "playwright-core";
import { expect, it } from "vitest";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { useBrowser } from "./browser.js";
import { ENGINES } from "./history.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", ENGINES);
const open = useBrowser();

it("/ goes to the search, Tab to the files, Enter to the report, and back", async () => {
  const { page, faults } = await open(gateway.url);
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  const { keyboard } = page;
  const focused = () =>
    page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
  const tabTo = async (name: string) => {
    for (let steps = 0; (await focused()) !== name; steps++) {
      expect(steps, `${name} is reached by Tab`).toBeLessThan(40);
      await keyboard.press("Tab");
    }
  };

  await keyboard.press("/");
  expect(await focused()).toBe("Search for a hash, a name or a scan number");
  // Before the key: the browser must have been told that choosers are taken.
  const choosers: FileChooser[] = [];
  page.on("filechooser", (chooser) => void choosers.push(chooser));
  await tabTo("Choose files");
  await keyboard.press("Enter");
  expect((await until("files can be chosen", () => choosers[0])).isMultiple()).toBe(true);
  await tabTo("Try EICAR, the harmless test file");
  await keyboard.press("Enter");
  await page.waitForURL(/#\/scan\/\d+$/);
  const scan = Number(/\d+$/.exec(page.url())?.[0]);
  expect(await page.evaluate("document.activeElement.id"), "a new screen has the focus").toBe("main");

  await agent.answer("ClamAV", { scan, verdict: "INFECTED", signature: "Eicar-Test-Signature" });
  await agent.answer("YARA-X", { scan, verdict: "CLEAN" });
  await agent.answer("FileType", { scan, details: { mime: "text/plain" } });
  await page
    .getByText(/^INFECTED: /)
    .first()
    .waitFor();
  await tabTo("Details of ClamAV");
  await keyboard.press("Enter");
  await page.getByRole("button", { name: "Details of ClamAV", expanded: true }).waitFor();
  await keyboard.press("Space");
  await page.getByRole("button", { name: "Details of ClamAV", expanded: false }).waitFor();

  await page.goBack();
  await page.getByRole("link", { name: "eicar.com" }).waitFor();
  await tabTo("eicar.com");
  await keyboard.press("Enter");
  await page.waitForURL(`**/#/scan/${scan}`);
  await keyboard.press("/");
  await keyboard.type(`#${scan + 1000}`);
  await keyboard.press("Enter");
  await page.getByText(`There is no scan ${scan + 1000}`).waitFor();
  expect(faults).toEqual([]);
});
