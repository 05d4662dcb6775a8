import { expect, it } from "vitest";
import { engine, startPuppet } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, graphql } from "../http/http-client.js";
import { base64, sha256, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const WARNING = "ClamAV keeps serving its old signatures; it would not start again: daily.cvd: Malformed database";
const OLD = { engine: "1.0", signatures: "42", signatureDate: "2020-01-02T03:04:05Z" };

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [
  engine("Alpha", { warnings: [WARNING] }),
  engine("Beta"),
  engine("Gamma", { versions: OLD }),
]);
const open = useBrowser();

const metric = async (line: string) => (await ask(`${gateway.url}/metrics`)).text.split("\n").includes(line);

it("what is to be put right of an engine that works is told, until it is", async () => {
  const { page, faults } = await open(gateway.url, "/#/engines");
  const card = (name: string) => page.getByRole("region", { name, exact: true });
  await card("Alpha").getByText(WARNING).waitFor();
  await page.getByText(/^3 engines: .*1 with warnings$/).waitFor();
  for (const name of ["Alpha", "Beta"]) await card(name).getByText("healthy", { exact: true }).waitFor();
  expect(await card("Beta").getByText(WARNING).count()).toBe(0);
  expect(await metric('scanmesh_engine_warnings{engine="Alpha",agent="puppet"} 1')).toBe(true);
  expect(await metric('scanmesh_engine_warnings{engine="Beta",agent="puppet"} 0')).toBe(true);

  await agent.announce([{ warnings: [] }]);
  await card("Alpha").getByText(WARNING).waitFor({ state: "detached" });
  await until("the metric tells it", () => metric('scanmesh_engine_warnings{engine="Alpha",agent="puppet"} 0'));
  expect(faults).toEqual([]);
});

it("signatures that are getting old are told before they are too old", async () => {
  const { page } = await open(gateway.url, "/#/engines");
  const signatureDate = new Date(Date.now() - 4 * 86_400_000).toISOString();
  await agent.announce([{ warnings: [] }, { versions: { ...OLD, signatureDate } }]);
  await page.getByRole("region", { name: "Beta", exact: true }).getByText("getting old: 4 days old").waitFor();
  await agent.announce([{ warnings: [] }]);
  await page.getByText("getting old").waitFor({ state: "detached" });
  expect(await page.getByText("too old: ").count()).toBe(1);
});

it("signatures that are too old show in the list of engines and in the report", async () => {
  const { scan } = await submit(gateway.url, { base64: base64("old") });
  for (const [name, versions] of [
    ["Alpha", { ...OLD, signatureDate: null }],
    ["Beta", { ...OLD, signatureDate: new Date().toISOString() }],
    ["Gamma", OLD],
  ] as const)
    await agent.answer(name, { scan: scan.scanId, verdict: "CLEAN", versions });
  const { page } = await open(gateway.url, "/#/engines");
  await page
    .getByRole("region", { name: "Gamma", exact: true })
    .getByText(/^too old: \d+ days old$/)
    .waitFor();
  expect(await page.getByText(/too old/).count()).toBe(1);
  await page.goto(`${gateway.url}/#/scan/${scan.scanId}`);
  await page.getByRole("row", { name: /Gamma/ }).getByText("old signatures").waitFor();
  expect(await page.getByText("old signatures").count()).toBe(1);
  await page.getByText("Signatures that are older than they should be: Gamma").waitFor();
  await page.getByRole("link", { name: "Gamma", exact: true }).click();
  await page.waitForURL(/#\/engines\?engine=Gamma$/);
  await page.goto(`${gateway.url}/#/scans?hash=${sha256("old")}`);
  await page.getByRole("row").filter({ hasText: "old signatures" }).waitFor();
});

it("an engine that fails often and one that is slow are counted, come first, and lead to their scans", async () => {
  for (let i = 0; i < 3; i++) {
    const { scan } = await submit(gateway.url, { base64: base64(`slow ${i}`), name: `slow-${i}` });
    await agent.answer("Alpha", { scan: scan.scanId, state: "FAILED", error: "out of memory" });
    await agent.answer("Beta", { scan: scan.scanId, verdict: "CLEAN", durationMs: 12_000 });
    await agent.answer("Gamma", { scan: scan.scanId, verdict: "CLEAN", durationMs: 20 });
  }
  await until("statistics have them", async () => {
    const { data } = await graphql<{ stats: { engines: { engine: string; durations: { p95Ms: number | null } }[] } }>(
      gateway.url,
      "{ stats(interval: HOUR) { engines { engine durations { p95Ms } } } }",
    );
    return data?.stats.engines.some(({ engine: name, durations }) => name === "Beta" && (durations.p95Ms ?? 0) > 1_000) ?? false;
  });
  const { page, faults } = await open(gateway.url, "/#/engines");
  await page.getByText(/^3 engines: 1 failing often today, 1 slow today, 1 with old signatures$/).waitFor();
  const order = await page
    .locator(".cards > section")
    .evaluateAll<string[], { ariaLabel: string }>((cards) => cards.map(({ ariaLabel }) => ariaLabel));
  expect(order).toEqual(["Alpha", "Beta", "Gamma"]);
  const failing = page.getByRole("region", { name: "Alpha", exact: true });
  for (const rate of [/^\d+ results$/, "0 % detections", /^\d+ % errors$/, /^95 % within/])
    await failing.getByText(rate).waitFor();
  await failing.getByText("healthy, but fails often").waitFor();
  await failing.getByText(/^Its last error, .*: out of memory Scan \d+$/).waitFor();
  const toErrors = await failing.getByRole("link", { name: /errors$/ }).getAttribute("href");
  expect(toErrors, "what fails later is listed, too").not.toContain("endedUntil");
  await page
    .getByRole("region", { name: "Beta", exact: true })
    .getByRole("link", { name: /^slow: 95 % within/ })
    .click();
  await page
    .getByRole("row", { name: /slow-0/ })
    .getByText("2 of 3")
    .waitFor();
  await page.getByRole("button", { name: "Remove Beta took longer than: 1.0 s" }).waitFor();
  await page.getByRole("link", { name: "slow-0" }).click();
  await page.locator(".ratio strong").filter({ hasText: "0 of / 2" }).waitFor();
  await page.getByRole("link", { name: "Home", exact: true }).click();
  for (const [words, name] of [
    ["1 engine fails often today", "Alpha"],
    ["1 engine is slow today", "Beta"],
  ] as const)
    await page.getByRole("listitem").filter({ hasText: words }).getByText(name).waitFor();
  expect(faults).toEqual([]);
});

it("an engine is switched off and on again, and says so", async () => {
  const { page } = await open(gateway.url, "/#/engines");
  const card = page.getByRole("region", { name: "Beta", exact: true });
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    void dialog.accept();
  });
  const order = () =>
    page
      .locator(".cards > section")
      .evaluateAll<string[], { ariaLabel: string }>((cards) => cards.map(({ ariaLabel }) => ariaLabel));
  await card.getByText("healthy", { exact: true }).waitFor();
  const before = await order();
  await card.getByRole("button", { name: "Switch off" }).click();
  await card.getByText("switched off", { exact: true }).waitFor();
  expect(asked).toEqual(["Switch off Beta? New scans do not ask it; scans that are open already go on."]);
  expect(await order(), "it stays where it was pressed").toEqual(before);
  const { page: home } = await open(gateway.url);
  await home.getByRole("listitem").filter({ hasText: "1 engine is switched off" }).getByText("Beta").waitFor();
  await home.getByRole("link", { name: "Fleet" }).click();
  await home
    .getByRole("region", { name: "puppet", exact: true })
    .getByText(/^switched off, /)
    .waitFor();
  await home
    .getByRole("region", { name: "Queues" })
    .getByRole("row", { name: /^Beta .* switched off / })
    .waitFor();
  await card.getByText(/^Switched off .* by /).waitFor();
  const isEnabled = async () =>
    (await stage.db.selectFrom("engines").select("enabled").where("name", "=", "Beta").execute())[0]?.enabled;
  expect(await isEnabled()).toBe(false);
  await card.getByRole("button", { name: "Switch on" }).click();
  await card.getByText("healthy", { exact: true }).waitFor();
  expect(await isEnabled()).toBe(true);
  const cards = ["Alpha", "Beta", "Gamma"].map((name) => page.getByRole("region", { name, exact: true }));
  for (const other of cards) {
    await other.getByRole("button", { name: "Switch off" }).click();
    await other.getByText("switched off", { exact: true }).waitFor();
  }
  expect(asked.at(-1)).toContain("It is the last antivirus engine");
  await page.getByText(/^No antivirus engine takes part: .* Switched off: Alpha, Beta, Gamma$/).waitFor();
  for (const other of cards) {
    await other.getByRole("button", { name: "Switch on" }).click();
    await other.getByText("switched off", { exact: true }).waitFor({ state: "detached" });
  }
});

it("an unhealthy engine comes first, is named at home, and says how its test ended", async () => {
  const { page, faults } = await open(gateway.url, "/#/engines");
  const card = page.getByRole("region", { name: "Gamma", exact: true });
  const broken = { healthy: false, reason: "out of memory", cause: "FAULT" } as const;
  try {
    await agent.announce([{}, {}, broken]);
    await card.getByText("unhealthy", { exact: true }).waitFor();
    expect(await page.locator(".cards > section").first().getAttribute("aria-label")).toBe("Gamma");
    expect(await card.getByRole("link", { name: "Gamma" }).getAttribute("href")).toBe("#/statistics?engine=Gamma");
    await card.getByRole("button", { name: "Test now" }).click();
    await card.getByText("testing …").waitFor();
    await agent.announce([{}, {}, { ...broken, testedAt: new Date().toISOString() }]);
    await card.getByText(/^self-test .* ago: failed$/).waitFor();
    await until("new scans do not ask it", async () => {
      const { data } = await graphql<{ engines: { available: boolean }[] }>(gateway.url, "{ engines { available } }");
      return data?.engines.some(({ available }) => !available) ?? false;
    });
    await page.getByRole("link", { name: "Home", exact: true }).click();
    await page.getByText(/1 engine is unhealthy or away/).waitFor();
    await page.getByText("Choose engines").click();
    expect(await page.getByRole("checkbox", { name: "Gamma (away or unhealthy)" }).isDisabled()).toBe(true);
  } finally {
    await agent.announce([{}, {}, { healthy: true, reason: null }]);
  }
  await page.goto(`${gateway.url}/#/engines`);
  await card.getByText("healthy", { exact: true }).waitFor();
  expect(faults).toEqual([]);
});

it("what agents announce of an engine otherwise than before is accepted, and an engine that none has is removed", async () => {
  const echo = await startPuppet(stage, "echo", [engine("Echo")]);
  const { page, faults } = await open(gateway.url, "/#/engines");
  const card = page.getByRole("region", { name: "Echo", exact: true });
  await card.getByText("antivirus · ultra · isolated").waitFor();
  page.on("dialog", (dialog) => void dialog.accept());
  await echo.announce([{ speed: "SLOW" }]);
  await card.getByText(/^echo: differs from the mesh/).waitFor();
  await card.getByRole("button", { name: /^Accept the change/ }).click();
  await card.getByText("antivirus · slow · isolated").waitFor();
  await echo.leave();
  await card.getByText("away", { exact: true }).waitFor();
  await card.getByRole("button", { name: /^Remove/ }).click();
  await card.waitFor({ state: "detached" });
  await echo.close();
  expect(faults).toEqual([]);
});

it("the fleet shows what an agent is and does, and what waits; an agent is cordoned, drained and resumed", async () => {
  const busy = await startPuppet(stage, "busy", [engine("Busy", { slots: 3, busy: 2 })]);
  await submit(gateway.url, { base64: base64("waits"), engines: ["Busy"] });
  const { page, faults } = await open(gateway.url, "/#/fleet");
  page.on("dialog", (dialog) => void dialog.accept());
  const card = page.getByRole("region", { name: "busy", exact: true });
  await card.getByText(/^stage · isolated · version 0 · started .* ago · heard .* ago$/).waitFor();
  await card.getByText("2 of 3 busy").waitFor();
  const queues = page.getByRole("region", { name: "Queues" });
  await queues.getByRole("row", { name: "Busy 1 0 3 not known 0" }).waitFor();
  const isOrdered = (state: string | undefined) =>
    until(`it is to be ${state}`, async () => {
      const orders = await stage.db.selectFrom("agent_orders").select("state").where("agent", "=", "busy").execute();
      return orders[0]?.state === state;
    });
  await card.getByRole("button", { name: "Cordon busy" }).click();
  await isOrdered("CORDONED");
  await busy.announce([], { state: "CORDONED" });
  await card.getByText("cordoned: takes no new work").waitFor();
  await queues.getByRole("row", { name: /^Busy .* no agent can run it/ }).waitFor();
  await card.getByRole("button", { name: "Resume busy" }).click();
  await isOrdered(undefined);
  await busy.announce();
  await card.getByText("ready", { exact: true }).waitFor();
  await card.getByRole("button", { name: "Drain busy" }).click();
  await isOrdered("DRAINING");
  await busy.announce([], { state: "DRAINING" });
  await card.getByText("draining: hands its work back").waitFor();
  await card.getByRole("button", { name: "Resume busy" }).click();
  await isOrdered(undefined);
  await busy.leave();
  await busy.close();
  expect(faults).toEqual([]);
});

it("an agent that is gone is listed with its engines and when it was heard last, until it is forgotten", async () => {
  const leaving = await startPuppet(stage, "leaving", [engine("Delta")]);
  const { page, faults } = await open(gateway.url, "/#/fleet");
  await page
    .getByRole("region", { name: "leaving", exact: true })
    .getByText(/· heard .* ago/)
    .waitFor();
  const isRemembered = () => stage.db.selectFrom("agents").select("agent").where("agent", "=", "leaving").executeTakeFirst();
  await until("the mesh remembers the agent", isRemembered);
  await leaving.leave();
  const row = page.getByRole("region", { name: "Agents that are gone" }).getByRole("row", { name: /^leaving / });
  await row.getByText("Delta").waitFor();
  await row.getByRole("button", { name: /^Forget/ }).click();
  await row.waitFor({ state: "detached" });
  await leaving.close();
  expect(faults).toEqual([]);
});

it("a signature is suppressed where a report shows it, and lifted among the engines", async () => {
  const scanned = async (text: string) => {
    const { scan } = await submit(gateway.url, { base64: base64(text), engines: ["Alpha"] });
    await agent.answer("Alpha", { scan: scan.scanId, verdict: "INFECTED", signature: "Bad.Thing-1" });
    return `/#/scan/${scan.scanId}`;
  };
  const { page, faults } = await open(gateway.url, await scanned("before"));
  const showDetails = async () => page.getByRole("button", { name: "Details of Alpha" }).click();
  await showDetails();
  await page.getByText("Suppress this signature").click();
  await page.getByLabel("Why it is wrong").fill("our installer");
  await page.getByLabel("Counts again").selectOption("In 7 days");
  await page.getByRole("button", { name: "Suppress it" }).click();
  await page.getByText(/counts for nothing in new results/).waitFor();

  await page.goto(`${gateway.url}${await scanned("after")}`);
  await page.getByRole("row", { name: /Alpha/ }).getByText("suppressed: Bad.Thing-1 (our installer)").waitFor();
  await showDetails();
  await page.getByText("It gave no details.").waitFor();
  expect(await page.getByText("Suppress this signature").count()).toBe(0);

  await page.getByRole("link", { name: "Engines", exact: true }).click();
  const list = page.getByRole("region", { name: "Suppressed signatures" });
  const row = list.getByRole("row", { name: /Bad\.Thing-1 Alpha our installer/ });
  await row.waitFor();
  page.on("dialog", (dialog) => void dialog.accept());
  await row.getByRole("button", { name: "Lift Bad.Thing-1" }).click();
  await list.getByText("No signature is suppressed").waitFor();
  await list.getByRole("link", { name: "Show those that count again, too" }).click();
  await row.getByText(/^counts again since/).waitFor();
  expect(faults).toEqual([]);
});
