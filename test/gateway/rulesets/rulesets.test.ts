/** Rules of people on a mesh with a real agent and YARA-X: checked, tried, enabled, rolled back. */

import { expect, it } from "vitest";
import { until } from "../../stage/stage.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { post, putFile, listing } from "../bundles/sending.js";
import { data } from "../http/http-client.js";
import { base64, submit } from "../scan/submitting.js";
import { act, create, enable, show, untilVersion } from "./ruleset-client.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const ENV = { SCANMESH_ENGINES: "Yara", SCANMESH_UPDATE_TEST: "1s", SCANMESH_SLOTS: "1" };
const finds = (name: string, text: string) =>
  `rule ${name} { meta: verdict = "suspicious" strings: $a = "${text}" condition: $a }\n`;

it("goes from a draft to the hosts, and back", async () => {
  const { url } = gateway;
  expect(await create(url, "own", { "a.yar": finds("A", "x") })).toMatchObject({ code: "NOT_FOUND", path: ["input"] });

  // A mesh that has had Yara and has no host of it now.
  const first = await stage.agentProcess({ id: "first", env: { ...ENV, SCANMESH_BUNDLES: `${stage.folder}/first` } });
  await until("Yara is there", async () => (await stage.db.selectFrom("engines").selectAll().execute()).length > 0);
  await first.kill();
  await until("its agent is gone", () => gateway.context.fleet.agents().length === 0);
  const { version: draft } = await create(url, "own", { "a.yar": finds("Needle", "needle-in-hay") }, { comment: "the first" });
  expect(draft).toMatchObject({ name: "own", number: 1, state: "CHECKING", comment: "the first" });
  const waiting = await untilVersion(url, draft.id, "it waits", ({ check }) => check?.reason !== null);
  expect(waiting.check).toMatchObject({ state: "WAITING", reason: expect.stringMatching(/no host with Yara/) as string });
  expect(await enable(url, draft.id)).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/not checked yet/) as string,
  });

  await stage.agentProcess({ id: "second", env: { ...ENV, SCANMESH_BUNDLES: `${stage.folder}/second` } });
  const ready = await untilVersion(url, draft.id, "it is checked", ({ state }) => state !== "CHECKING");
  expect(ready).toMatchObject({
    state: "READY",
    rules: 1,
    mistakes: [],
    check: { state: "DONE", agent: "second", done: 1, total: 1 },
  });
  // The same again is the same version.
  expect((await create(url, "own", { "a.yar": finds("Needle", "needle-in-hay") })).version.id).toBe(draft.id);

  // What it would have matched.
  expect(await act(url, "tryRuleset", draft.id)).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/no stored sample/) as string,
  });
  const texts = Array.from({ length: 60 }, (_, n) => (n % 6 === 0 ? `a needle-in-hay ${n}` : `hay ${n}`));
  for (const text of texts) await submit(url, { base64: base64(text) });
  expect(await act(url, "tryRuleset", draft.id, ", last: 0")).toMatchObject({ code: "BAD_INPUT", path: ["last"] });
  expect((await act(url, "tryRuleset", draft.id)).version.tried).toMatchObject({ total: 60, done: 0 });
  const tried = await untilVersion(url, draft.id, "it is tried", (one) => one.tried?.state === "DONE");
  expect(tried.tried).toMatchObject({ total: 60, done: 60, matched: 10, unfinished: 0, gone: 0, agent: "second" });
  expect(tried.triedSamples.nodes).toHaveLength(10);
  expect(tried.triedSamples.nodes[0]).toMatchObject({ outcome: "MATCH", rules: ["Needle"] });
  // No host serves it yet.
  const scanned = async (text: string) => {
    const { scan } = (await submit(url, { base64: base64(text) })) as { scan: { scanId: number } };
    return until("the scan is final", async () => {
      const row = await stage.db.selectFrom("results").selectAll().where("scan_id", "=", scan.scanId).executeTakeFirst();
      return row?.state === "DONE" ? row : undefined;
    });
  };
  expect((await scanned("a needle-in-hay")).signature).toBe(null);

  // Enabled.
  expect((await enable(url, draft.id)).update).toMatchObject({ state: "PENDING" });
  const serves = async (number: number | null) =>
    until(`hosts serve ${number}`, async () => {
      const { rulesets } = await data<{ rulesets: { serves: number | null; update: unknown }[] }>(
        url,
        "{ rulesets { serves update { state } } }",
      );
      return rulesets[0]?.serves === number && rulesets[0].update === null;
    });
  await stage.db.updateTable("engine_updates").set({ skip_canary: true }).execute();
  await data(url, `mutation { skipCanary(id: "1") { __typename } }`);
  await serves(1);
  expect((await scanned("a needle-in-hay again")).signature).toBe("Needle");
  expect(await enable(url, draft.id)).toMatchObject({ code: "BAD_INPUT", message: expect.stringMatching(/already/) as string });
  expect(await act(url, "deleteRuleset", draft.id)).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/hosts serve/) as string,
  });

  // The next version, and back.
  const { version: next } = await create(url, "own", { "a.yar": finds("Thread", "thread-in-hay") });
  await untilVersion(url, next.id, "it is checked", ({ state }) => state === "READY");
  const { update } = await enable(url, next.id);
  await data(url, `mutation { skipCanary(id: "${update?.id}") { __typename } }`);
  await serves(2);
  await data(url, `mutation { rollbackEngine(engine: "Yara", set: "own") { __typename } }`);
  await serves(1);
  expect((await scanned("a needle-in-hay, and a thread-in-hay")).signature).toBe("Needle");
  expect(await act(url, "deleteRuleset", next.id)).toHaveProperty("version");
  expect(await show(url, next.id)).toBe(null);

  // Bad input.
  const { version: bad } = await create(url, "bad", {
    "a.yar": `${finds("A", "x")}rule B { condition: oops }\n`,
    "b/c.yar": 'include "/etc/passwd"\n',
  });
  const invalid = await untilVersion(url, bad.id, "it is checked", ({ state }) => state !== "CHECKING");
  expect(invalid.state).toBe("INVALID");
  expect(invalid.mistakes.map(({ path, line }) => `${path}:${line}`)).toEqual(["a.yar:2", "b/c.yar:1"]);
  expect(await enable(url, bad.id)).toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/has mistakes/) as string,
  });
  expect(await act(url, "tryRuleset", bad.id)).toMatchObject({ code: "BAD_INPUT" });
  for (const [files, path] of [
    [{}, "files"],
    [{ "../a.yar": "" }, "files"],
    [{ "a.txt": "" }, "files"],
  ] as const)
    expect(await create(url, "bad", files)).toMatchObject({ code: "BAD_INPUT", path: ["input", path] });
  expect(await create(url, "Not A Name", { "a.yar": "" })).toMatchObject({ code: "BAD_INPUT", path: ["input", "name"] });
  expect(await create(url, "bad", { "a.yar": "" }, { comment: "c".repeat(501) })).toMatchObject({
    code: "BAD_INPUT",
    path: ["input", "comment"],
  });
  for (const mutation of ["tryRuleset", "cancelRuleset", "checkRuleset", "deleteRuleset"])
    expect(await act(url, mutation, "99")).toMatchObject({ code: "NOT_FOUND" });

  // What is too large for a request is sent by URL; cut and altered files are refused.
  const text =
    "mutation ($input: RulesetUploadInput!) { createRulesetUpload(input: $input) { ... on RulesetUploadSuccess { url } } }";
  const { createRulesetUpload } = await data<{ createRulesetUpload: { url: string } }>(url, text, {
    input: { name: "large", comment: "by URL" },
  });
  const to = createRulesetUpload.url;
  const large = Array.from({ length: 10_000 }, (_, n) => finds(`R${n}`, `needle-${n}`)).join("");
  const files = listing({ "large.yar": large });
  expect((await putFile(to, large.slice(1), files[0]?.sha256)).status).toBe(400);
  expect((await post(to, { files })).json()).toMatchObject({ error: expect.stringMatching(/large\.yar/) as string });
  expect((await putFile(to, large)).status).toBe(201);
  const made = (await post(to, { files })).json<{ id: string; known: boolean }>();
  expect(made).toMatchObject({ sequence: 1, known: false });
  expect((await post(to, { files })).json()).toMatchObject({ id: made.id, known: true });
  const checked = await untilVersion(url, made.id, "it is checked", ({ state }) => state !== "CHECKING");
  expect(checked).toMatchObject({ state: "READY", rules: 10_000, comment: "by URL" });
  const audited = await stage.db.selectFrom("audit_events").select("action").execute();
  expect(new Set(audited.map(({ action }) => action))).toEqual(
    new Set([
      "createRuleset",
      "createRulesetUpload",
      "enableRuleset",
      "tryRuleset",
      "publishBundle",
      "updateEngines",
      "skipCanary",
      "rollbackEngine",
      "deleteRuleset",
      "submitScan",
    ]),
  );
});
