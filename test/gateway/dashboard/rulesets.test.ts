import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import { expect, it } from "vitest";
import { Control } from "../../../schema/control.js";
import { parseMessage } from "../../../schema/messages.js";
import { projectPath } from "../../../schema/paths.js";
import type { RuleJob, RuleOrder } from "../../../schema/rule-job.js";
import { controlSubject } from "../../../schema/subjects.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { base64, submit } from "../scan/submitting.js";
import { useBrowser } from "./browser.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const host = usePuppet(stage, "puppet", [engine("Yara", { type: "METADATA" })]);
const open = useBrowser();

const NONE: Omit<RuleJob, "job"> = {
  state: "RUNNING",
  reason: null,
  done: 0,
  total: 0,
  check: null,
  taken: null,
  piece: null,
  tried: [],
};

it("sends rules, names mistakes by file and line, tries a version and shows which samples it would have matched; at 390 px", async () => {
  let orders: readonly RuleOrder[] = [];
  const said = new Map<string, RuleJob>();
  const startedAt = new Date().toISOString();
  const shown = () => [...said.values()].filter((one) => orders.some((known) => known.job === one.job));
  const announce = () => host.announce([], { startedAt, rules: { engines: ["Yara"], jobs: shown() } });
  const say = async (order: RuleOrder | undefined, job: Partial<RuleJob>) => {
    if (order) said.set(order.job, { ...NONE, ...said.get(order.job), job: order.job, ...job });
    await announce();
  };
  host.nc.subscribe(controlSubject("puppet"), {
    callback: (_, message) => {
      const control = parseMessage(Control, message.data);
      if (control.kind !== "rules") return;
      const before = shown().length;
      orders = control.jobs;
      // One that is late leaves out, for a moment, a job that the host has told of.
      if (shown().length !== before) void announce();
    },
  });
  await say(undefined, {});
  for (let n = 0; n < 3; n++) await submit(gateway.url, { base64: base64(`sample ${n}`), name: `sample-${n}.bin` });

  const { page, faults } = await open(gateway.url, "/#/rulesets", { viewport: { width: 390, height: 800 } });
  page.on("dialog", (dialog) => void dialog.accept());
  await page.getByText("There is no ruleset").waitFor();
  await page.locator("pre").getByText('verdict = "infected"').waitFor();
  const form = page.getByRole("region", { name: "New version" });
  await form.getByText("Small letters, digits and hyphens").waitFor();
  await form.getByLabel("Ruleset").fill("own");
  await form.getByRole("button", { name: "Send and check" }).click();
  await form.getByText("Paste rules, or choose files.").waitFor();
  await form.getByLabel("Rules", { exact: true }).fill("rule A { condition: oops }");
  await form.getByLabel("Comment").fill("the first");
  await form.getByRole("button", { name: "Send and check" }).click();
  await form.getByText("Version 1 of own is sent").first().waitFor();

  const card = page.getByRole("region", { name: "own" });
  await card.getByText("Being checked").waitFor();
  const first = await until("the host is told to check", () => orders.find(({ kind }) => kind === "CHECK"));
  const mistakes = [{ path: "rules.yar", line: 1, message: "rule A: unknown identifier", severity: "ERROR" as const }];
  await say(first, { state: "DONE", check: { rules: 1, mistakes, omitted: 0 } });
  await card.getByText("Has mistakes").waitFor();
  await card.getByRole("row", { name: /rules\.yar 1 rule A: unknown identifier/ }).waitFor();
  await card.getByRole("button", { name: "Hide own 1" }).click();
  await card.getByRole("row", { name: /rules\.yar 1 rule A/ }).waitFor({ state: "detached" });
  await card.getByRole("button", { name: "Show own 1" }).click();

  await card.getByText("Rules of version 1").click();
  expect(await card.getByLabel("rules.yar").inputValue()).toBe("rule A { condition: oops }");
  await card.getByRole("button", { name: "New version from these" }).click();
  await until("the form has them", async () => (await form.getByLabel("Rules", { exact: true }).inputValue()).includes("oops"));
  expect(await form.getByLabel("Ruleset").inputValue()).toBe("own");

  // What is larger than a request may be goes by its URL.
  const large = Array.from({ length: 4_000 }, (_, n) => `rule R${n} { strings: $a = "needle-${n}" condition: $a }`).join("\n");
  await form.getByLabel("Rules", { exact: true }).fill("");
  await form.getByLabel("Or files").setInputFiles({ name: "large.yar", mimeType: "text/plain", buffer: Buffer.from(large) });
  await form.getByRole("button", { name: "Send and check" }).click();
  await form.getByText("Version 2 of own is sent").first().waitFor();
  const second = await until("the host is told to check", () =>
    orders.find(({ job, kind }) => kind === "CHECK" && job !== first.job),
  );
  await say(second, { state: "DONE", check: { rules: 4_000, mistakes: [], omitted: 0 } });
  await card.getByRole("row", { name: /^2 .*Ready 4000/ }).waitFor();

  await card.getByRole("button", { name: "Try own 2" }).click();
  const trying = await until("the host is told to try it", () => orders.find(({ kind }) => kind === "TRY"));
  await say(trying, { taken: 1 });
  await card.getByRole("progressbar", { name: "Samples that version 2 was tried against" }).waitFor();
  await card.getByText("Being tried: 0 of 0 match, and 3 are left.").first().waitFor();
  await card.getByRole("button", { name: "Cancel own 2" }).click();
  await card
    .getByText(/^Cancelled: it would have matched 0/)
    .first()
    .waitFor();

  await card.getByRole("button", { name: "Try own 2" }).click();
  const again = await until("the host is told to try it", () =>
    orders.find(({ kind, job }) => kind === "TRY" && job !== trying.job),
  );
  const tried = (again.kind === "TRY" ? again.samples : []).map(({ at }, n) =>
    n === 0
      ? { at, outcome: "MATCH" as const, rules: ["R1", "R2"], reason: null }
      : n === 1
        ? { at, outcome: "TIMEOUT" as const, rules: [], reason: "the rules took longer than 10 s" }
        : { at, outcome: "NO_MATCH" as const, rules: [], reason: null },
  );
  await say(again, { taken: 1, piece: 1, tried });
  await card.getByText("Would have matched 1 of the last 3 samples; 1 not finished.").first().waitFor();
  await card.getByRole("row", { name: /sample-1\.bin took too long/ }).waitFor();
  await page.evaluate(readFileSync(projectPath("node_modules/axe-core/axe.min.js"), "utf8"));
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>("axe.run(document)");
    expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
  }
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);

  await card
    .getByRole("row", { name: /sample-2\.bin R1, R2/ })
    .getByRole("link")
    .click();
  await page
    .getByRole("heading", { level: 1 })
    .filter({ hasText: /sample-2|[0-9a-f]{8}/ })
    .waitFor();
  expect(faults).toEqual([]);
});
