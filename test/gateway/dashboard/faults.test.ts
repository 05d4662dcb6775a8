/** What goes wrong while a page is open: it says so, and goes on by itself or says what to do. */

import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { revokeApiKey } from "../../../gateway/scan/api-keys.js";
import { engine } from "../../stage/puppet-agent.js";
import { TESTER, until, type LocalGateway } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { idOf, keyWith } from "../keys/keyed-client.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const HOUR_MS = 3_600_000;
const LIMIT = 1024 ** 2;

const stage = useStage();
const SETTINGS = { SCANMESH_UPLOAD_LIMIT: "1MiB" };
const gateway = prepared(() => stage.gateway(SETTINGS));
const keyed = prepared(() => stage.gateway({ SCANMESH_AUTH: "keys" }));
const agent = usePuppet(stage, "puppet", [engine("Alpha")]);
const open = useBrowser();

const file = (name: string, content = name) => ({ name, mimeType: "", buffer: Buffer.from(content) });

/** A gateway that tests stop, and start again at the same address. */
async function restartable(): Promise<{ url: string; stop(): Promise<void>; start(): Promise<LocalGateway> }> {
  const first = await stage.gateway();
  return { url: first.url, stop: first.stop, start: () => stage.gateway({ PORT: new URL(first.url).port }) };
}

it("a page whose gateway is away says so, connects again by itself, and shows how the scan ended", async () => {
  const { url, stop, start } = await restartable();
  const { scan } = await submit(url, { base64: base64("restart"), name: "restart.bin" });
  const { page } = await open(url, `/#/scan/${scan.scanId}`);
  await page.getByRole("heading", { name: "restart.bin" }).waitFor();
  await stop();
  await page
    .getByText(/connection is lost|gateway does not answer/)
    .first()
    .waitFor();
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "INFECTED", signature: "Found.Meanwhile" });
  await start();
  await page.getByText("INFECTED: Alpha found Found.Meanwhile").first().waitFor();
  await page
    .getByText(/connection is lost|gateway does not answer/)
    .first()
    .waitFor({ state: "detached" });
  expect(await page.title()).toBe("restart.bin: Infected · ScanMesh");
});

it("files that are given while the gateway is away wait for it, and are scanned once it is back", async () => {
  const { url, stop, start } = await restartable();
  const { page } = await open(url);
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  await stop();
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles([file("one.bin"), file("two.bin")]);
  await page.getByText("Paused: The gateway cannot be reached. It goes on by itself").waitFor();
  await page.getByText("0 of 2 files accepted").first().waitFor();
  await start();
  await page.getByText("2 of 2 files accepted", { exact: true }).first().waitFor();
  expect(await page.getByText("Paused:").count()).toBe(0);
  await page.getByRole("button", { name: "Clear the list" }).click();
  await page.getByText("2 of 2 files accepted").first().waitFor({ state: "detached" });
});

it("a folder goes on where a stopped gateway cut it off: each file is scanned once, all of them in one batch", async () => {
  const { url, stop, start } = await restartable();
  const { page } = await open(url);
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  const network = await page.context().newCDPSession(page);
  const limitTo = (uploadThroughput: number) =>
    network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await limitTo(LIMIT / 8);
  const small = Array.from({ length: 10 }, (_, i) => file(`small-${i}`));
  const given = [{ ...file("large"), buffer: Buffer.alloc(2 * LIMIT, "large") }, ...small];
  await page.locator("input[type=file]").first().setInputFiles(given);
  const isSending = "Number(document.querySelector('progress[aria-label=Sending]')?.value) > 5";
  await until("the large file is on its way", () => page.evaluate<boolean>(isSending));
  await stop();
  await page.getByText(/^Paused: The (connection to the gateway broke|gateway cannot be reached)/).waitFor();
  await limitTo(-1);
  await start();
  const done = page.getByText(/^11 of 11 files accepted/).first();
  await done.waitFor();
  expect(await done.textContent()).toBe("11 of 11 files accepted");
  const names = given.map(({ name }) => name);
  const scans = await stage.db.selectFrom("scans").select(["name", "batch_id"]).where("name", "in", names).execute();
  expect(scans.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  const [batch, ...others] = new Set(scans.map(({ batch_id }) => batch_id));
  expect(others).toEqual([]);
  await page
    .getByRole("group", { name: `Batch ${batch}` })
    .getByText("0 of its 11 scans have ended")
    .waitFor();
  await page.getByRole("link", { name: `Scans of batch ${batch}` }).click();
  await page.waitForURL(new RegExp(`#/scans\\?batch=${batch}$`));
});

it("bytes that never get through to a gateway that answers say so, and can be sent again", async () => {
  const { page } = await open(gateway.url);
  await page.route("**/upload/*", (route) => route.abort("connectionreset"), { times: 3 });
  await page.locator("input[type=file]").first().setInputFiles(file("broken-off.bin"));
  await page.getByText("The connection to the gateway broke. It did so 3 times").waitFor();
  await page.getByRole("button", { name: /^Try again/ }).click();
  await page.waitForURL(/#\/scan\/\d+$/);
  await page.getByRole("heading", { name: "broken-off.bin" }).waitFor();
  expect(await page.title()).toMatch(/^broken-off\.bin: /);
});

it("a file that is too large, be it one of 2 GiB, is refused before it is sent, with both sizes; an empty one is scanned", async () => {
  const { page, faults } = await open(gateway.url);
  const sent: string[] = [];
  page.on("request", (request) => request.method() === "PUT" && sent.push(request.url()));
  const chosen = page.locator("input[type=file]").first();
  await chosen.setInputFiles({ ...file("huge.iso"), buffer: Buffer.alloc(LIMIT + 1) });
  await page.getByText("It has 1.0 MiB; this mesh accepts 1.0 MiB at most.").waitFor();
  expect(await page.getByRole("button", { name: /^Try again/ }).count()).toBe(0);
  expect(sent).toEqual([]);
  const folder = await mkdtemp(join(tmpdir(), "large-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const disk = join(folder, "disk.img");
  await writeFile(disk, "");
  await truncate(disk, 2 * 1024 ** 3);
  await chosen.setInputFiles(disk);
  await page.getByText("It has 2.0 GiB; this mesh accepts 1.0 MiB at most.").waitFor();
  expect(sent).toEqual([]);
  await chosen.setInputFiles(file("empty.txt", ""));
  await page.waitForURL(/#\/scan\/\d+$/);
  await page.getByRole("heading", { name: "empty.txt" }).waitFor();
  expect(faults).toEqual([]);
});

it("a key that is revoked while the page is open leads to the form, which says why", async () => {
  const [key, other] = [await keyWith(keyed, ["scan:read"]), await keyWith(keyed, ["scan:read", "scan:write"])];
  const { page } = await open(keyed.url);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Latest scans" }).waitFor();
  expect(await page.getByRole("button", { name: "Choose files" }).count(), "the key may not submit").toBe(0);
  await page
    .getByText("To scan files, an API key needs the scope SCAN_WRITE; yours lacks it. Reports are there to read.")
    .waitFor();
  expect(await page.evaluate("[document.cookie, location.href].join()")).not.toContain(key);

  await revokeApiKey(keyed.context, TESTER, idOf(key));
  await page.getByText("This API key is not valid: it was revoked").waitFor();
  await page.getByLabel("API key").fill(other);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  await page.locator("input[type=file]").first().setInputFiles(file("scoped.bin"));
  await page.getByRole("link", { name: /^[0-9a-f]{64}$/ }).click();
  await page.getByText("To download it or to see its bytes, an API key needs the scope SAMPLE_READ; yours lacks it.").waitFor();
  expect(await page.getByRole("button", { name: /^Download/ }).count()).toBe(0);

  const second = await page.context().newPage();
  await second.goto(keyed.url);
  await second.getByRole("button", { name: "Choose files" }).waitFor();

  // What was given to the page outlasts a change of the key.
  await page.getByRole("link", { name: "Home" }).click();
  await page.getByText("1 of 1 file accepted").first().waitFor();
  const third = await keyWith(keyed, ["scan:read", "scan:write"]);
  await revokeApiKey(keyed.context, TESTER, idOf(other));
  await page.getByText("This API key is not valid: it was revoked").waitFor();
  await page.getByLabel("API key").fill(third);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("1 of 1 file accepted").first().waitFor();
  await page.locator("input[type=file]").first().setInputFiles(file("third.bin"));
  await page.getByRole("heading", { name: "third.bin" }).waitFor();
});

it("a key that lacks a screen's scope says which", async () => {
  const key = await keyWith(keyed, ["scan:write"]);
  const { page } = await open(keyed.url);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Your API key lacks the scope SCAN_READ").waitFor();
  expect(await page.getByRole("heading", { name: "Latest scans" }).count()).toBe(0);
});

it.each([-HOUR_MS, HOUR_MS])("a clock that is %d ms off changes no age", async (off) => {
  const name = `clock${off}.bin`;
  await submit(gateway.url, { base64: base64(name), name });
  const before = (page: Page) => page.clock.setSystemTime(Date.now() + off);
  const { page } = await open(gateway.url, "/", { before });
  const age = page.getByRole("row", { name }).locator("time");
  await age.waitFor();
  expect(await age.textContent()).toMatch(/^(a moment|\d\d s) ago$/);
});

it("while NATS is away the page says so, and what is there can be read; a file waits until it is back", async () => {
  await submit(gateway.url, { base64: base64("was there"), name: "was-there.bin" });
  const { page } = await open(gateway.url);
  await page.getByRole("row", { name: "was-there.bin" }).waitFor();
  await stage.stopNats();
  await page.getByRole("alert").getByText("NATS is away: nothing can be sent now, and results come later.").waitFor();
  await page.getByRole("link", { name: "Fleet" }).click();
  await page
    .getByRole("region", { name: "Queues" })
    .getByRole("row", { name: /^Alpha/ })
    .waitFor();
  await page.getByRole("link", { name: "Home" }).click();
  await page.locator("input[type=file]").first().setInputFiles(file("given-meanwhile.bin"));
  await page.getByText(/^Paused: /).waitFor();
  await stage.startNats();
  await page.waitForURL(/#\/scan\/\d+$/);
  await page.getByRole("heading", { name: "given-meanwhile.bin" }).waitFor();
  await page.getByText("NATS is away").waitFor({ state: "detached" });
  const scans = await stage.db.selectFrom("scans").select("name").where("name", "=", "given-meanwhile.bin").execute();
  expect(scans).toHaveLength(1);
});
