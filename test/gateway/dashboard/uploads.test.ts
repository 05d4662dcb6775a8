/** What happens to a file that is taken off the list, or whose hash is of no use. */

import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page, Route } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
usePuppet(stage, "puppet", [engine("Alpha")]);
const open = useBrowser();

/** Hands over the first request for an operation, and lets all others through. */
async function hold(page: Page, operation: string): Promise<Route> {
  return new Promise((resolve) => {
    let isHeld = false;
    void page.route("**/graphql", (route) => {
      if (isHeld || !route.request().postData()?.includes(operation)) return route.fallback();
      isHeld = true;
      return resolve(route);
    });
  });
}

it("a file that is removed while the mesh is asked about it is neither sent nor scanned", async () => {
  const { page } = await open(gateway.url);
  const sent: string[] = [];
  page.on("request", (request) => request.method() === "PUT" && sent.push(request.url()));
  const asked = hold(page, "query KnownSample");
  const files = page.locator("input[type=file]").first();
  await files.setInputFiles({ name: "removed.txt", mimeType: "", buffer: Buffer.from("removed") });
  const question = await asked;
  await page.getByRole("button", { name: "Remove removed.txt from this list" }).click();
  await question.fallback();
  await files.setInputFiles({ name: "kept.txt", mimeType: "", buffer: Buffer.from("kept") });
  await page.waitForURL(/#\/scan\/\d+$/);
  await page.getByRole("heading", { name: "kept.txt" }).waitFor();
  expect(sent).toHaveLength(1);
  expect(await stage.db.selectFrom("scans").select("name").execute()).toEqual([{ name: "kept.txt" }]);
});

it("a large file is sent to its end although nobody can say whether the mesh has it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "upload-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "large.bin");
  await writeFile(path, "");
  await truncate(path, 64 * 1024 ** 2 + 1);
  const { page } = await open(gateway.url);
  const asked = hold(page, "query KnownSample");
  const sending = new Promise<Route>((resolve) => void page.route("**/upload/*", resolve));
  await page.locator("input[type=file]").first().setInputFiles(path);
  const bytes = await sending;
  await (await asked).abort();
  await bytes.fallback();
  await page.waitForURL(/#\/scan\/\d+$/);
  expect(await page.getByRole("heading", { name: "large.bin" }).textContent()).toBe("large.bin");
});
