/** All that is live comes over the one socket: a page that is only looked at asks for nothing. */

import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { data } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";
import { ENGINES, playHistory } from "./history.js";
import { SETTLED } from "./in-page.js";
import { screenPaths } from "./screens.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", ENGINES);
const history = prepared(() => playHistory(gateway.url, agent));
const open = useBrowser();

const ASKING = /\/(graphql|readyz|healthz)$/;

/** What a page asks from now on; the socket is no request. */
function questionsOf(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (ASKING.test(pathname)) asked.push(request.postData() ?? pathname);
  });
  return asked;
}

/** A scan of the sample that the history has as infected, to its end. */
async function scanAgain(): Promise<number> {
  const { scan } = await submit(gateway.url, { base64: base64("invoice-4711.pdf.exe"), name: "again.exe" });
  await agent.answer("ClamAV", { scan: scan.scanId, verdict: "INFECTED", signature: "Win.Trojan.Agent-6834" });
  await agent.answer("YARA-X", { scan: scan.scanId, verdict: "CLEAN" });
  await agent.answer("FileType", { scan: scan.scanId });
  await until("it has ended", async () => {
    const found = await data<{ scan: { endDate: string | null } }>(gateway.url, `{ scan(id: ${scan.scanId}) { endDate } }`);
    return found.scan.endDate !== null;
  });
  return scan.scanId;
}

it("no screen asks anything or opens another socket while scans arrive and minutes pass", async () => {
  let sockets = 0;
  const before = (made: Page) => {
    made.on("websocket", () => void (sockets += 1));
    return made.clock.install();
  };
  const { page, faults } = await open(gateway.url, "/", { before });
  const asked = questionsOf(page);
  for (const path of [...screenPaths(history), `/scan/${history.running}`]) {
    await page.evaluate(`location.hash = ${JSON.stringify(`#${path}`)}`);
    await page.locator("main h1").first().waitFor({ state: "attached" });
    await page.evaluate(SETTLED);
    asked.length = 0;
    await scanAgain();
    // Whatever the page does after a while, it does now.
    for (let minutes = 0; minutes < 3; minutes++) await page.clock.fastForward("01:00");
    await page.evaluate(SETTLED);
    expect({ path, asked, sockets }).toEqual({ path, asked: [], sockets: 1 });
  }
  expect(faults).toEqual([]);
});

it("what was sent here, open rows of a list, waits, samples and agents are told all the same", async () => {
  const { page: home } = await open(gateway.url);
  const files = ["one.txt", "two.txt"].map((name) => ({ name, mimeType: "", buffer: Buffer.from(`live ${name}`) }));
  await home.locator("input[type=file]").first().setInputFiles(files);
  await home.getByRole("status").getByText("2 of 2 files accepted").waitFor();
  const scans = await stage.db.selectFrom("scans").select(["id", "name"]).where("name", "in", ["one.txt", "two.txt"]).execute();
  const [one, two] = ["one.txt", "two.txt"].map((name) => Number(scans.find((scan) => scan.name === name)?.id));

  const { page: list } = await open(gateway.url, "/#/scans?name=one.txt");
  const { page: report } = await open(gateway.url, `/#/scan/${one}`);
  const { page: sample } = await open(gateway.url, `/#/sample/${history.sha256}`);
  const { page: fleet } = await open(gateway.url, "/#/fleet");
  const leaving = await startPuppet(stage, "leaving", []);
  await fleet.getByRole("heading", { name: "leaving" }).waitFor();
  await fleet
    .getByText(/heard (now|\d+ s)/)
    .first()
    .waitFor();
  await fleet.getByText("2 agents: 1 with engines that do not work").waitFor();
  await report
    .getByText(/Waits for its turn|requests wait for it/)
    .first()
    .waitFor();
  const row = list.getByRole("row", { name: "one.txt" });
  await row.getByText("0 of 3").waitFor();
  const pages = [home, list, report, sample, fleet];
  for (const page of pages) await page.evaluate(SETTLED);
  const asked = pages.map(questionsOf);

  await agent.answer("ClamAV", { scan: one ?? 0, verdict: "CLEAN" });
  await row.getByText("1 of 3").waitFor();
  await agent.answer("YARA-X", { scan: one ?? 0, verdict: "CLEAN" });
  await agent.answer("FileType", { scan: one ?? 0 });
  await home.locator(".uploads li", { hasText: "one.txt" }).getByText("Clean").waitFor();
  await row.getByText("Clean").waitFor();
  await data(gateway.url, `mutation { deleteScan(id: ${two}) { __typename } }`);
  await home.locator(".uploads li", { hasText: "two.txt" }).getByText("Deleted").waitFor();

  const again = await scanAgain();
  await sample
    .getByRole("listitem")
    .filter({ hasText: `Scan ${again}` })
    .getByText("Infected")
    .first()
    .waitFor();
  await leaving.leave();
  const gone = fleet.getByRole("region", { name: "Agents that are gone" }).getByRole("row", { name: "leaving" });
  await gone.waitFor();
  await data(gateway.url, `mutation { removeAgent(agent: "leaving") { __typename } }`);
  await gone.waitFor({ state: "detached" });
  await leaving.close();
  expect(asked).toEqual(pages.map(() => []));
});
