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

const PRESS_TWICE = `(() => {
  const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Scan again");
  button.click();
  button.click();
})()`;

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

  // A gateway that takes nothing now may have it already.
  await page.route("**/upload/*", (route) => route.fulfill({ status: 503, json: { error: "nothing can be stored now" } }));
  await page.goBack();
  await page.getByText("1 of 1 file accepted").first().waitFor();
  await page.locator("input[type=file]").first().setInputFiles(path);
  const submitted: string[] = [];
  page.on("request", (request) => request.postData()?.includes("mutation SubmitScan") && submitted.push(request.url()));
  await page.getByRole("button", { name: "Scan again" }).waitFor();
  await page.evaluate(PRESS_TWICE);
  await page.waitForURL(/#\/scan\/\d+$/);
  expect(submitted).toHaveLength(1);
});

it("a page that is older than the gateway says that a file cannot be hashed before it is loaded again", async () => {
  const { page } = await open(gateway.url);
  await page.route("**/hash-worker*", (route) => route.fulfill({ status: 404 }));
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles({ name: "old-page.txt", mimeType: "", buffer: Buffer.from("old page") });
  await page.getByText("The gateway has another version than this page: load the page again.").waitFor();
  expect(await page.getByText("Paused:").count()).toBe(0);
});

it("a batch whose answer is lost is asked for again: what was accepted is not scanned twice, and refusals are told", async () => {
  const { page } = await open(gateway.url);
  const submitted = hold(page, "mutation SubmitBatch");
  const names = ["first.bin", "first-again.bin", "x".repeat(1_100), "last.bin"];
  const given = names.map((name) => ({ name, mimeType: "", buffer: Buffer.from(name.slice(0, 5)) }));
  await page.locator("input[type=file]").first().setInputFiles(given);
  const lost = await submitted;
  await lost.fetch();
  await lost.abort();
  await page.getByText("3 of 4 files accepted, 1 not accepted").first().waitFor();
  await page.getByText("the name has 1100 characters; 1024 is the most").waitFor();
  const accepted = names.filter(({ length }) => length < 1_000);
  const scans = await stage.db.selectFrom("scans").select(["id", "name", "batch_id"]).where("name", "in", accepted).execute();
  expect(scans.map(({ name }) => name).toSorted()).toEqual(accepted.toSorted());
  expect(new Set(scans.map(({ batch_id }) => batch_id)).size).toBe(1);
  for (const { id, name } of scans)
    expect(
      await page.getByRole("listitem").filter({ hasText: name }).getByRole("link", { name: "Report" }).getAttribute("href"),
    ).toBe(`#/scan/${id}`);
});

/** Drops a folder of which one file, and one folder in it, cannot be read. */
const DROP = `(() => {
  const path = (name) => "/work/" + name;
  const fails = (resolve, reject) => reject(new DOMException("no", "NotReadableError"));
  const file = (name, read) => ({ isFile: true, fullPath: path(name), file: read ?? ((resolve) => resolve(new File([name], name))) });
  const folder = (name, entries, read) => ({
    isFile: false,
    fullPath: name,
    createReader: () => ({ readEntries: read ?? ((resolve) => resolve(entries.splice(0, 2))) }),
  });
  const locked = folder(path("locked"), [], fails);
  const dropped = folder("/work", [file("a.txt"), file("secret.txt", fails), locked, file("b.txt")]);
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { items: [{ webkitGetAsEntry: () => dropped }], files: [] };
  document.querySelector(".drop").dispatchEvent(event);
})()`;

it("what cannot be read of a dropped folder is named, and the rest of it is scanned", async () => {
  const { page, faults } = await open(gateway.url);
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  await page.evaluate(DROP);
  await page.getByText("2 of 2 files accepted", { exact: true }).first().waitFor();
  await page.getByText("This could not be read and is left out: /work/secret.txt, /work/locked").waitFor();
  const scans = await stage.db.selectFrom("scans").select("name").where("name", "like", "work/%").execute();
  expect(scans.map(({ name }) => name).toSorted()).toEqual(["work/a.txt", "work/b.txt"]);
  expect(faults).toEqual([]);
});

const DROP_EMPTY = `(() => {
  const folder = { isFile: false, fullPath: "/empty", createReader: () => ({ readEntries: (resolve) => resolve([]) }) };
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { items: [{ webkitGetAsEntry: () => folder }], files: [] };
  document.querySelector(".drop").dispatchEvent(event);
})()`;

it("an empty folder that is dropped is told, and what the mesh wants later is sent no sooner", async () => {
  const { page } = await open(gateway.url, "/", { before: (made) => made.clock.install() });
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  await page.evaluate(DROP_EMPTY);
  await page.getByText("There is no file in what was dropped.").waitFor();

  let sent = 0;
  await page.route("**/upload/*", (route) =>
    ++sent === 1
      ? route.fulfill({ status: 503, headers: { "retry-after": "60" }, json: { error: "nothing can be stored now" } })
      : route.fallback(),
  );
  const later = { name: "later.txt", mimeType: "", buffer: Buffer.from("later") };
  await page.locator("input[type=file]").first().setInputFiles(later);
  await page.getByText("There is no file in what was dropped.").waitFor({ state: "detached" });
  await page.getByText("Paused: nothing can be stored now").waitFor();
  await page.clock.fastForward(45_000);
  await page.evaluate("fetch('readyz').then((answer) => answer.text())");
  expect(sent).toBe(1);
  await page.clock.fastForward(30_000);
  await page.waitForURL(/#\/scan\/\d+$/);
  expect(sent).toBe(2);
});
