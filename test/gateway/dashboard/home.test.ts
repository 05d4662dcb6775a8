import { expect, it } from "vitest";
import { visibleText } from "../../../schema/visible-text.js";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";
import { holdSubscription } from "./hold-subscription.js";

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
  await page.getByRole("link", { name: "letter.txt" }).waitFor();
  expect(await page.evaluate("decodeURIComponent(location.hash)")).toBe("#/scans?q=*lette*");
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

it("a scan that comes while the latest ones are being read is shown, though the feed begins after it", async () => {
  const feed = holdSubscription("ScanFeed");
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isRead = false;
  const { page } = await open(gateway.url, "/", {
    async before(made) {
      await feed.install(made);
      await made.route("**/graphql", async (route) => {
        if (isRead || !route.request().postData()?.includes("query LatestScans")) return route.fallback();
        const response = await route.fetch();
        isRead = true;
        await released;
        return route.fulfill({ response });
      });
    },
  });
  await until("the gateway has read them", () => isRead);
  await until("the page asks for the feed", () => feed.isAsked());
  await submit(gateway.url, { base64: base64("between"), name: "between.bin" });
  feed.release();
  await until("the feed has begun", () => feed.isTold());
  release();
  await page.getByRole("row", { name: /between\.bin/ }).waitFor();
  expect(await page.getByRole("row", { name: /between\.bin/ }).count()).toBe(1);
});

/** What readers see of all kinds of details: fields, tables, rules with what they matched. */
const DETAILS = {
  entropy: 7.21,
  exiftool: { FileType: "Win64 EXE", MachineType: "AMD AMD64" },
  pe: { sections: [{ name: ".text", entropy: 6.4 }], imports: ["KERNEL32.dll", "WININET.dll"] },
  yara: {
    matches: [
      {
        rule: "Dropper",
        tags: ["office"],
        meta: { author: "mail team" },
        strings: [{ name: "$start", offset: 1_204, length: 14 }],
      },
    ],
  },
};

it("a report tells who runs it and who was not asked, and is stopped, repeated, read in detail and shared", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("reported"), name: "reported.exe", engines: ["Alpha"] });
  const { page, faults } = await open(gateway.url, `/#/scan/${scan.scanId}`, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const row = page.getByRole("row", { name: /^Alpha/ });
  await row.getByText(/Waits for its turn|requests wait for it/).waitFor();
  await page.getByRole("region", { name: "Not asked" }).getByText("It was not chosen.").waitFor();
  await agent.answer("Alpha", { scan: scan.scanId, state: "SCANNING" });
  await row.getByText("Runs on puppet").waitFor();
  await page.getByRole("button", { name: "Stop this scan" }).click();
  await row.locator(".verdict", { hasText: "Cancelled" }).waitFor();

  await page.getByRole("button", { name: "Scan again" }).click();
  await page.waitForURL((url) => url.hash !== `#/scan/${scan.scanId}`);
  const again = Number(/\d+$/.exec(page.url())?.[0]);
  await agent.answer("Alpha", {
    scan: again,
    verdict: "INFECTED",
    signature: "Test.Reported",
    durationMs: 2_345,
    versions: { engine: "1.4.3", signatures: "27500", signatureDate: new Date(Date.now() - 2 * 86_400_000).toISOString() },
    image: { id: `sha256:${"a".repeat(64)}`, digest: null },
    details: DETAILS,
  });
  await row.getByText("2.3 s").waitFor();
  await page.getByRole("button", { name: "Details of Alpha" }).click();
  for (const said of ["1.4.3", "27500", "2 days ago", "puppet", `sha256:${"a".repeat(64)}`, "7.21", "Win64 EXE", "WININET.dll"])
    await page.locator(".details dd").getByText(said).first().waitFor();
  await page.getByRole("row", { name: /^\.text 6\.4$/ }).waitFor();
  const match = page.getByRole("listitem").filter({ hasText: "Dropper" });
  for (const said of ["office", "mail team"]) await match.getByText(said, { exact: true }).waitFor();
  await match.getByRole("row", { name: /\$start 1204 14/ }).waitFor();
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  await page.waitForURL((url) => url.hash === `#/scan/${again}?engine=Alpha&as=json`);
  await page.reload();
  expect(JSON.parse((await page.locator("pre.json").textContent()) ?? "")).toEqual(DETAILS);

  await page.getByRole("button", { name: /^Copy link/ }).click();
  await page.getByText("Copied").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${gateway.url}/#/scan/${again}`);
  await page.getByRole("button", { name: "Run only this engine again" }).click();
  await page.waitForURL((url) => url.hash.split("?")[0] !== `#/scan/${again}`);
  await page
    .getByRole("link", { name: `scan ${again}`, exact: true })
    .first()
    .waitFor();
  expect(faults).toEqual([]);
});

it("without an antivirus engine the first screen says so, and how to add ClamAV", async () => {
  const { page } = await open(gateway.url);
  await page.getByText("2 engines examine it").waitFor();
  const notice = page.getByText("No antivirus engine takes part, so no file can be proven clean.");
  expect(await notice.count()).toBe(0);
  try {
    await agent.announce([{ healthy: false, reason: "no signatures", cause: "FAULT" }]);
    await notice.getByText("--with-clamav").waitFor();
  } finally {
    await agent.announce();
  }
  await notice.waitFor({ state: "detached" });

  const { page: engines } = await open(gateway.url, "/#/engines");
  const asked: string[] = [];
  engines.on("dialog", (dialog) => {
    asked.push(dialog.message());
    void dialog.accept();
  });
  const card = engines.getByRole("region", { name: "Alpha", exact: true });
  await card.getByText("healthy", { exact: true }).waitFor();
  await card.getByRole("button", { name: "Switch off Alpha" }).click();
  await page.getByText(/proven clean\. Switched off: Alpha\./).waitFor();
  expect(asked.join()).toContain("It is the last antivirus engine: without one no file can be proven clean.");
  await card.getByRole("button", { name: "Switch on Alpha" }).click();
  await notice.waitFor({ state: "detached" });
});

const PASTE = `(() => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["pasted"], "pasted.txt"));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
})()`;

it("a pasted file is scanned by the engines, at the speed and with the internet that were chosen, which is warned of", async () => {
  const outside = await startPuppet(stage, "outside", [engine("Cloud", { internet: true })], "internet");
  const { page, faults } = await open(gateway.url);
  await page.getByRole("combobox", { name: "Speed" }).selectOption("Fast and faster");
  await page.getByText("Choose engines").click();
  for (const name of ["Alpha", "Cloud"]) await page.getByRole("checkbox", { name }).check();
  await page.getByText("Only 2 of 3 engines").waitFor();
  const warning = page.getByText("Engines on the internet may pass the file, or its hash, on to others.");
  expect(await warning.count()).toBe(0);
  await page.getByRole("checkbox", { name: "Ask engines on the internet, too" }).check();
  await warning.waitFor();
  await page.evaluate(PASTE);
  await page.waitForURL(/#\/scan\/\d+$/);
  await page.getByRole("heading", { name: "pasted.txt" }).waitFor();
  await page.getByText("fast and faster").waitFor();
  const asked = await stage.db
    .selectFrom("scans")
    .innerJoin("results", "results.scan_id", "scans.id")
    .innerJoin("engines", "engines.id", "results.engine_id")
    .select(["engines.name", "scans.speed", "scans.internet"])
    .where("scans.name", "=", "pasted.txt")
    .orderBy("engines.name")
    .execute();
  expect(asked).toEqual(["Alpha", "Cloud"].map((name) => ({ name, speed: "FAST", internet: true })));
  await outside.leave();
  await outside.close();
  expect(faults).toEqual([]);
});
