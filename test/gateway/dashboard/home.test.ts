import { expect, it } from "vitest";
import { visibleText } from "../../../schema/visible-text.js";
import { engine } from "../../stage/puppet-agent.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

/** Hidden and turning characters, markup, a storm of combining marks, and a length that no row has room for. */
const HOSTILE =
  `rlo-\u202efdp\u200b.exe<img src=x onerror=alert(1)>${"e\u0301\u0302\u0303\u0304\u0305".repeat(40)}${"long".repeat(200)}`.slice(
    0,
    1_000,
  );

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Alpha"), engine("Beta", { type: "METADATA" })]);
const open = useBrowser();

it("a chosen file leads to its report, whose rows finish in place and whose verdict has its proof", async () => {
  const { page, faults } = await open(gateway.url);
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles({ name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("a letter") });
  await page.waitForURL(/#\/scan\/\d+$/);
  const scan = Number(/\d+$/.exec(page.url())?.[0]);
  await page.getByRole("heading", { name: "letter.txt" }).waitFor();
  await agent.answer("Alpha", { scan, verdict: "INFECTED", signature: "Test.Letter" });
  await page.getByRole("row", { name: /Alpha/ }).getByText("Infected").waitFor();
  await page.getByRole("row", { name: /Alpha/ }).getByText("Test.Letter").waitFor();
  await page.getByText("2 asked, 1 done, 1 open").waitFor();
  const member = { path: "a.txt", format: "zip", method: "deflate", state: "UNSUPPORTED" } as const;
  await agent.answer("Beta", { scan, verdict: null, cause: "UNSUPPORTED_TYPE", closed: [member] });
  await page.getByRole("row", { name: /Beta/ }).getByText("looked at the file itself, not into what is packed in it").waitFor();
  await page.getByRole("button", { name: "Details of Beta" }).click();
  await page.getByText("a.txt: packed in a way that it does not open (zip, deflate)").waitFor();
  await page.getByText("2 asked, 2 done", { exact: true }).waitFor();
  await page.getByText("INFECTED: Alpha found Test.Letter").first().waitFor();
  await page.getByText("Do not open it.", { exact: true }).waitFor();
  await page.goto(`${gateway.url}/#/scans?q=lette`);
  await page.getByRole("link", { name: "Search for names that contain it" }).click();
  await page.getByRole("link", { name: "letter.txt" }).waitFor();
  expect(faults).toEqual([]);
});

it("a known file is not sent again; its last report is offered", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("known bytes"), name: "known.bin" });
  for (const name of ["Alpha", "Beta"])
    await agent.answer(name, { scan: scan.scanId, verdict: name === "Alpha" ? "CLEAN" : null });
  const { page } = await open(gateway.url);
  const sent: string[] = [];
  page.on("request", (request) => request.method() === "PUT" && sent.push(request.url()));
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles({ name: "again.bin", mimeType: "", buffer: Buffer.from("known bytes") });
  await page.getByRole("link", { name: "Last report" }).waitFor();
  expect(await page.getByRole("link", { name: "Last report" }).getAttribute("href")).toBe(`#/scan/${scan.scanId}`);
  expect(sent).toEqual([]);
  await page.getByRole("button", { name: "Scan again" }).click();
  await page.waitForURL((url) => url.hash !== "#/" && url.hash !== "");
  expect(page.url()).not.toContain(`#/scan/${scan.scanId}`);
  expect(sent).toEqual([]);
});

it("a scan that somebody else submits shows at once, with its verdict when it has one", async () => {
  const { page } = await open(gateway.url);
  await page.getByRole("heading", { name: "Latest scans" }).waitFor();
  const { scan } = await submit(gateway.url, { base64: base64("from elsewhere"), name: "elsewhere.bin" });
  const row = page.getByRole("row", { name: /elsewhere\.bin/ });
  await row.getByText("Scanning").waitFor();
  for (const name of ["Alpha", "Beta"])
    await agent.answer(name, { scan: scan.scanId, verdict: name === "Alpha" ? "CLEAN" : null });
  await row.getByText("Clean").waitFor();
  expect(await page.getByRole("row", { name: /elsewhere\.bin/ }).count()).toBe(1);
});

it.each([1280, 390])("a hostile name is text, is made visible, and widens nothing, %d px wide", async (width) => {
  const { scan } = await submit(gateway.url, { base64: base64(`hostile ${width}`), name: HOSTILE });
  await agent.answer("Alpha", { scan: scan.scanId, verdict: "INFECTED", signature: HOSTILE, details: { [HOSTILE]: [HOSTILE] } });
  await agent.answer("Beta", { scan: scan.scanId, state: "FAILED", error: HOSTILE, details: { rows: [{ [HOSTILE]: HOSTILE }] } });
  const { page, faults } = await open(gateway.url, "/", { viewport: { width, height: 700 } });
  for (const path of ["#/", `#/scan/${scan.scanId}`, "#/engines", "#/fleet"]) {
    await page.goto(`${gateway.url}/${path}`);
    await page.locator("h1").first().waitFor({ state: "attached" });
    if (path.length < 3 || path.includes("scan")) await page.getByText(visibleText(HOSTILE).slice(0, 40)).first().waitFor();
    if (path.includes("scan")) {
      await page
        .getByText(`Alpha found ${visibleText(HOSTILE).slice(0, 40)}`)
        .first()
        .waitFor();
      for (const name of ["Beta", "Alpha"]) {
        await page.getByRole("button", { name: `Details of ${name}` }).click();
        await page.getByRole("group", { name: "Form of the details" }).waitFor();
      }
    }
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect({ path, isTooWide: wide > width }).toEqual({ path, isTooWide: false });
  }
  expect(faults).toEqual([]);
});

it("each file of a batch shows the verdict of its own scan, and says so when it has one", async () => {
  const { page, faults } = await open(gateway.url);
  const given = ["good.txt", "bad.txt"].map((name) => ({ name, mimeType: "", buffer: Buffer.from(`batch of ${name}`) }));
  await page.locator("input[type=file]").first().setInputFiles(given);
  await page.getByText("2 of 2 files accepted").first().waitFor();
  const row = (name: string) => page.getByRole("listitem").filter({ hasText: name });
  for (const [name, verdict] of [
    ["good.txt", "CLEAN"],
    ["bad.txt", "INFECTED"],
  ] as const) {
    await row(name).getByText("Scanning").waitFor();
    const report = await row(name).getByRole("link", { name: "Report" }).getAttribute("href");
    const scan = Number(report?.replace("#/scan/", ""));
    await agent.answer("Alpha", { scan, verdict });
    await agent.answer("Beta", { scan, verdict: null });
    await row(name)
      .getByText(verdict === "CLEAN" ? "Clean" : "Infected")
      .waitFor();
  }
  await page.getByText("2 of its 2 scans have ended").waitFor();
  expect(faults).toEqual([]);
});
