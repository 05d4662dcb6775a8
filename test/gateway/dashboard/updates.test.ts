import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AxeResults } from "axe-core";
import { expect, it } from "vitest";
import type { EnginesBundles } from "../../../schema/bundle-presence.js";
import { Control } from "../../../schema/control.js";
import { parseMessage } from "../../../schema/messages.js";
import { projectPath } from "../../../schema/paths.js";
import { controlSubject } from "../../../schema/subjects.js";
import { readPolicies } from "../../../gateway/db/update-policies.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { useBrowser } from "./browser.js";

const NOTHING: EnginesBundles = { serving: [], target: null, state: "SERVING", reason: null, bytes: 0, total: 0, since: null };

const stage = useStage();
const gateway = prepared(() => stage.gateway({ SCANMESH_CANARY_WAIT: "1ms" }));
const host = usePuppet(stage, "puppet", [engine("Alpha", { bundles: NOTHING }), engine("Beta")]);
const open = useBrowser();

async function publish(sequence: number): Promise<{ engineId: number; bundleId: number; digest: string }> {
  const { id: engineId } = await stage.db
    .selectFrom("engines")
    .select("id")
    .where("name", "=", "Alpha")
    .executeTakeFirstOrThrow();
  const digest = (randomUUID() + randomUUID()).replaceAll("-", "");
  const { id: bundleId } = await stage.db
    .insertInto("bundles")
    .values({
      engine_id: engineId,
      set_name: "main",
      sequence,
      kind: "FILES",
      digest,
      signature: Buffer.from("s"),
      version: `v${sequence}`,
      size: 100,
      source: "a test",
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { engineId, bundleId, digest };
}

it("updates an engine, shows each host live, what was rolled back and why, and what is held; at 390 px, too", async () => {
  let bad = "";
  host.nc.subscribe(controlSubject("puppet"), {
    callback: (_, message) => {
      const control = parseMessage(Control, message.data);
      if (control.kind !== "serve") return;
      const isBad = control.bundles.some(({ digest }) => digest === bad);
      const failed = isBad ? ({ state: "FAILED", reason: "EICAR is not found" } as const) : {};
      const serving = isBad ? [] : control.bundles;
      void host.announce([{ bundles: { ...NOTHING, target: control.bundles, serving, ...failed } }, {}]);
    },
  });
  await host.nc.flush();
  const { page, faults } = await open(gateway.url, "/#/updates", { viewport: { width: 390, height: 800 } });
  await page.getByText("Every engine is updated by its host").waitFor();
  await page.getByRole("link", { name: "ruleset", exact: true }).waitFor();
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void (dialog.message().startsWith("Roll ") ? dialog.dismiss() : dialog.accept());
  });

  await publish(1);
  const row = page.getByRole("region", { name: "Engines" }).getByRole("row", { name: /Alpha/ });
  await row.getByRole("button", { name: "Update now Alpha" }).click();
  const cell = page.getByRole("region", { name: "On each host" }).getByRole("row", { name: /Alpha/ });
  await cell.getByText("Serving").waitFor();
  await cell.getByText("v1").waitFor();
  await page.getByText("Engines whose own signatures come from their hosts: Beta.").waitFor();
  const history = page.getByRole("region", { name: "History" });
  await history.getByRole("row", { name: /Alpha.*v1.*Done/ }).waitFor();

  await row.getByText("sent by people").waitFor();
  await row.getByRole("button", { name: "Update now Alpha" }).waitFor({ state: "detached" });

  ({ digest: bad } = await publish(2));
  await row.getByText("v2").waitFor();
  await row.getByRole("button", { name: "Update now Alpha" }).click();
  await history.getByRole("row", { name: /v1 → v2.*Rolled back.*puppet: EICAR is not found/ }).waitFor();
  await row.getByText("was rolled back").waitFor();
  await row.getByRole("button", { name: "Roll back Alpha" }).click();
  await until("it is asked", () =>
    questions.find((text) => /^Roll Alpha back from v1\?.*each host serves its own then/.test(text)),
  );
  await row.getByRole("button", { name: "Pause Alpha" }).click();
  await row.getByText("Paused until it is resumed").waitFor();
  await row.getByRole("button", { name: "Resume Alpha" }).click();

  const policy = page.getByRole("region", { name: "When and how" });
  await policy.getByText("Alpha").first().click();
  await page.evaluate(readFileSync(projectPath("node_modules/axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate<AxeResults>("axe.run('[aria-labelledby=policies]')");
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  await policy.getByLabel("From (UTC) for Alpha").fill("22:30");
  await policy.getByRole("button", { name: "Save when and how Alpha is updated" }).click();
  await policy.getByText("a window needs both of its ends").waitFor();
  await policy.getByLabel("To (UTC) for Alpha").fill("04:00");
  await policy.getByLabel("Hours between two looks").fill("6");
  await policy.getByLabel("How it takes the old one's place").selectOption("IN_TURN");
  await policy.getByRole("checkbox").uncheck();
  await policy.getByRole("button", { name: "Save when and how Alpha is updated" }).click();
  await policy.getByText("a window needs both of its ends").waitFor({ state: "detached" });
  expect(await readPolicies(stage.db)).toMatchObject([
    { windowFrom: 1_350, windowTo: 240, checkEveryMs: 21_600_000, switch: "IN_TURN", automatic: false, isPaused: false },
  ]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);

  const { engineId, bundleId } = await publish(3);
  const numbers = { answers: 60, failures: 0, detections: 55, p95Ms: 12 };
  const sample = { scanId: 1, sha256: "0".repeat(64), name: "invoice.pdf", signature: "Bad.Guess", error: null, durationMs: 3 };
  await stage.db
    .insertInto("engine_updates")
    .values({
      engine_id: engineId,
      set_name: "main",
      to_bundle: bundleId,
      cause: "ASKED",
      state: "HELD",
      reason: "On puppet it finds something in 92 % of the samples, usually in 2.0 %.",
      evidence: JSON.stringify({ now: numbers, usual: numbers, jump: "MORE_DETECTIONS", samples: [sample] }),
    })
    .execute();
  const held = page.getByRole("region", { name: "Held: Alpha" });
  await held.getByText("usually in 2.0 %").waitFor();
  await held.getByRole("row", { name: /invoice\.pdf.*Bad\.Guess/ }).waitFor();
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await held.getByRole("button", { name: "Give it up Alpha" }).click();
  await held.waitFor({ state: "detached" });
  await history.getByText("Somebody rolled it back.").waitFor();
  expect(faults).toEqual([]);
});
