import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sql } from "kysely";
import { afterEach, expect, it } from "vitest";
import { joinNames } from "../../../schema/signature-names.js";
import type { ResultMessage } from "../../../schema/messages.js";
import { projectPath } from "../../../schema/paths.js";
import type { ScanReport } from "../../../schema/reports.js";
import { SUPPRESSION_LIMITS } from "../../../schema/suppressed.js";
import { engine } from "../../stage/puppet-agent.js";
import { until } from "../../stage/stage.js";
import { prepared, usePuppet, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";
import { base64, submit } from "./submitting.js";
import { finalScan, lift, listed, ofEngine, suppress } from "./suppressing.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());
const agent = usePuppet(stage, "puppet", [engine("Av"), engine("Other"), engine("Rules", { type: "METADATA", detects: true })]);
let test = 0;

afterEach(async () => {
  for (const { id } of await listed(gateway.url)) await lift(gateway.url, id);
});

const FOUND = { verdict: "INFECTED", signature: "Bad.Thing-1" } as const;
const REASON = "hits our own installer";
const send = async (engines: string[], options: object = {}) =>
  (await submit(gateway.url, { base64: base64(`sample ${(test += 1)}`), engines, ...options })).scan;

/** Scans a sample with one engine that gives this answer. */
async function scanned(name: string, answer: Partial<ResultMessage>): Promise<ScanReport> {
  const { scanId } = await send([name]);
  await agent.answer(name, { scan: scanId, ...answer });
  return finalScan(stage, scanId);
}

it("a suppressed signature is no detection, whatever agent it comes from, and the report says what it was and why", async () => {
  expect((await scanned("Av", FOUND)).verdict).toBe("INFECTED");
  const { suppression } = await suppress(gateway.url, { engine: "av", signature: FOUND.signature, reason: REASON });
  expect(suppression).toMatchObject({ engine: "Av", signature: FOUND.signature, reason: REASON, expiresAt: null, endedAt: null });
  const scan = await scanned("Av", FOUND);
  expect(scan).toMatchObject({ verdict: "INCONCLUSIVE", detections: 0 });
  const error = `suppressed: ${FOUND.signature} (${REASON})`;
  const suppressed = [{ signature: FOUND.signature, reason: REASON }];
  const judged = { state: "UNSCANNED", verdict: null, signature: null, cause: "SUPPRESSED", error, suppressed };
  expect(ofEngine(scan, "Av")).toMatchObject(judged);
  const query = `query ($id: SafeInt!) { scan(id: $id) { proof { text } results { suppressed { signature reason } } } }`;
  const shown = await data<{ scan: { proof: { text: string }; results: unknown } }>(gateway.url, query, { id: scan.scanId });
  expect(shown.scan.results).toEqual([{ suppressed }]);
  expect(shown.scan.proof.text).toBe(
    `INCONCLUSIVE: Av found what is suppressed, and does not tell whether there is more (${error})`,
  );
  const rest = await ask(`${gateway.url}/api/v1/sample/${scan.scanId}`);
  expect(rest.json()).toMatchObject({ verdict: "inconclusive", result: [{ name: "Av", infected: "", suppressed }] });
  expect((await scanned("Other", FOUND)).verdict, "it is another engine's").toBe("INFECTED");
  expect((await scanned("Av", { ...FOUND, signature: "Bad.Thing-12" })).verdict, "it is another name").toBe("INFECTED");
});

it("without an engine it is suppressed for all, with or without ClamAV's suffix, and counts again once lifted", async () => {
  const { suppression } = await suppress(gateway.url, { signature: " Bad.Thing-1.UNOFFICIAL " });
  expect(suppression).toMatchObject({ engine: null, signature: FOUND.signature });
  expect((await scanned("Av", FOUND)).verdict).toBe("INCONCLUSIVE");
  expect((await scanned("Other", { ...FOUND, signature: `${FOUND.signature}.UNOFFICIAL` })).verdict).toBe("INCONCLUSIVE");
  expect((await lift(gateway.url, suppression.id)).suppression.endedAt).not.toBeNull();
  expect((await scanned("Av", FOUND)).verdict).toBe("INFECTED");
  const again = await lift(gateway.url, suppression.id);
  expect(again.__typename).toBe("LiftSuppressionSuccess");
  expect(await listed(gateway.url)).toEqual([]);
  expect((await listed(gateway.url, true)).map(({ id }) => id)).toContain(suppression.id);
});

it("of several things that an engine tells only what is suppressed is left out", async () => {
  const answer: Partial<ResultMessage> = {
    verdict: "INFECTED",
    signature: "Worse, Odd, Described",
    detections: [
      { signature: "Worse", verdict: "INFECTED" },
      { signature: "Odd", verdict: "SUSPICIOUS" },
    ],
  };
  await suppress(gateway.url, { engine: "Rules", signature: "Worse" });
  const odd = await scanned("Rules", answer);
  expect(odd.verdict).toBe("SUSPICIOUS");
  expect(ofEngine(odd, "Rules")).toMatchObject({ state: "DONE", verdict: "SUSPICIOUS", signature: "Odd, Described" });
  await suppress(gateway.url, { engine: "Rules", signature: "Odd" });
  const none = ofEngine(await scanned("Rules", answer), "Rules");
  expect(none).toMatchObject({ state: "DONE", verdict: null, signature: "Described" });
  expect(none?.suppressed?.map(({ signature }) => signature)).toEqual(["Worse", "Odd"]);
});

it("ends by itself, and doing it again changes reason and expiry", async () => {
  const { suppression } = await suppress(gateway.url, { engine: "Av", signature: FOUND.signature });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const again = await suppress(gateway.url, { engine: "Av", signature: FOUND.signature, reason: "known", expiresAt });
  expect(again.suppression).toEqual({ ...suppression, reason: "known", expiresAt });
  expect((await scanned("Av", FOUND)).verdict).toBe("INCONCLUSIVE");
  await sql`update suppressions set expires_at = now() where id = ${again.suppression.id}::bigint`.execute(stage.db);
  expect((await scanned("Av", FOUND)).verdict).toBe("INFECTED");
  expect(await listed(gateway.url)).toEqual([]);
  const anew = await suppress(gateway.url, { engine: "Av", signature: FOUND.signature });
  expect(anew.suppression.id).not.toBe(suppression.id);
});

it("an answer from before is not taken over for as long as it names what is suppressed, and no judged one ever is", async () => {
  const freshness = 3_600;
  const text = base64("kept");
  const submitKept = async () => (await submit(gateway.url, { base64: text, engines: ["Av", "Rules"], freshness })).scan;
  const { scanId } = await submitKept();
  await agent.answer("Av", { scan: Number(scanId), ...FOUND, signature: `${FOUND.signature}.UNOFFICIAL` });
  const two = {
    verdict: "INFECTED",
    signature: "Worse, Odd",
    detections: [{ signature: "Worse", verdict: "INFECTED" }],
  } as const;
  await agent.answer("Rules", { scan: Number(scanId), ...two, detections: [...two.detections] });
  await finalScan(stage, scanId);
  expect(await submitKept()).toMatchObject({ verdict: "INFECTED", done: 2 });
  const first = await suppress(gateway.url, { signature: FOUND.signature });
  expect(await submitKept()).toMatchObject({ done: 1 });
  const second = await suppress(gateway.url, { engine: "Rules", signature: "Worse" });
  const asked = await submitKept();
  expect(asked).toMatchObject({ done: 0, verdict: null });
  await agent.answer("Av", { scan: asked.scanId, ...FOUND });
  await agent.answer("Rules", { scan: asked.scanId, ...two, detections: [...two.detections] });
  await finalScan(stage, asked.scanId);
  expect(await submitKept()).toMatchObject({ done: 0 });
  for (const { suppression } of [first, second]) await lift(gateway.url, suppression.id);
  expect(await submitKept()).toMatchObject({ verdict: "INFECTED", done: 2 });
});

it("statistics count no detection", async () => {
  const counts = async () => {
    const { rows } = await sql<{ infected: number; unscanned: number; named: number }>`
      select (select coalesce(sum(infected), 0)::int from hourly_engines) as infected,
        (select coalesce(sum(unscanned), 0)::int from hourly_engines) as unscanned,
        (select count(*)::int from hourly_signatures where signature = 'Counted') as named`.execute(stage.db);
    return rows[0];
  };
  const uncounted = async () => (await stage.db.selectFrom("uncounted_scans").select("scan_id").execute()).length;
  await until("all before are counted", async () => (await uncounted()) === 0);
  const before = await counts();
  await suppress(gateway.url, { signature: "Counted" });
  await scanned("Av", { ...FOUND, signature: "Counted" });
  await until("it is counted", async () => (await counts())?.unscanned !== before?.unscanned);
  expect(await counts()).toEqual({ infected: before?.infected, unscanned: (before?.unscanned ?? 0) + 1, named: 0 });
});

it("each change is in the audit log", async () => {
  const { suppression } = await suppress(gateway.url, { engine: "Av", signature: "Audited", reason: REASON });
  await lift(gateway.url, suppression.id);
  await lift(gateway.url, suppression.id);
  const events = await stage.db
    .selectFrom("audit_events")
    .select(["action", "details"])
    .where("subject", "=", "Audited")
    .orderBy("id")
    .execute();
  expect(events).toEqual([
    { action: "suppressSignature", details: { id: suppression.id, engine: "Av", reason: REASON, expiresAt: null } },
    { action: "liftSuppression", details: { id: suppression.id, engine: "Av" } },
  ]);
});

it("bad input is refused with what is wrong", async () => {
  const refused = async (input: object) => {
    const { __typename, path, message } = await suppress(gateway.url, { signature: "Some", ...input });
    return { __typename, path, message };
  };
  const said = (field: string, text: string) => ({
    __typename: "InvalidInput",
    path: [field],
    message: expect.stringContaining(text) as string,
  });
  expect(await refused({ signature: " " })).toEqual(said("signature", "needs 1 to 1024 printable characters"));
  expect(await refused({ signature: "x".repeat(1_025) })).toEqual(said("signature", "needs 1 to 1024"));
  for (const odd of ["a\nb", "a\u009bb", "a\u2028b"])
    expect(await refused({ signature: odd })).toEqual(said("signature", "printable"));
  expect(await refused({ reason: "" })).toEqual(said("reason", "needs 1 to 500"));
  expect(await refused({ reason: "a\nb" })).toEqual(said("reason", "printable"));
  expect(await refused({ engine: "Avv" })).toEqual(said("engine", "no engine is called Avv"));
  expect(await refused({ engine: "" })).toEqual(said("engine", "no engine is called"));
  expect(await refused({ expiresAt: new Date(Date.now() - 1_000).toISOString() })).toEqual(said("expiresAt", "in the future"));
  expect(await refused({ signature: "Win.Test.EICAR_HDB-1" })).toEqual(said("signature", "EICAR"));
  expect(await refused({ signature: "eicar", engine: "Rules" })).toMatchObject({ __typename: "SuppressSignatureSuccess" });
  for (const id of ["0", "x", "999999999999", "1 or 1=1"])
    expect(await lift(gateway.url, id)).toMatchObject({ __typename: "UnknownSuppression", code: "NOT_FOUND" });
});

it("a list of rules that was cut has room for others once one of them is suppressed", async () => {
  const rules = Array.from({ length: 60 }, (_, i) => `Rule_${i}_${"x".repeat(30)}`);
  const detections = rules.map((signature) => ({ signature, verdict: "INFECTED" as const }));
  const signature = joinNames(rules) ?? "";
  const shown = signature.split(", ").length - 1;
  expect([signature.endsWith(", …"), shown]).toEqual([true, expect.any(Number)]);
  await suppress(gateway.url, { engine: "Rules", signature: rules[0] });
  const { signature: left } = ofEngine(await scanned("Rules", { verdict: "INFECTED", signature, detections }), "Rules") ?? {};
  expect(left?.split(", ")).toEqual([...rules.slice(1, shown + 1), "…"]);
});

it("no more than so many are kept live", async () => {
  await sql`insert into suppressions (signature, reason) select 'many ' || n, 'x' from generate_series(1, ${SUPPRESSION_LIMITS.live}::int) n`.execute(
    stage.db,
  );
  try {
    const { __typename, message } = await suppress(gateway.url, { signature: "One more" });
    expect({ __typename, message }).toMatchObject({
      __typename: "InvalidInput",
      message: expect.stringContaining("10000") as string,
    });
    const changed = await suppress(gateway.url, { signature: "many 1", reason: REASON });
    expect(changed).toMatchObject({ suppression: { signature: "many 1", reason: REASON } });
  } finally {
    await sql`delete from suppressions where signature like 'many %'`.execute(stage.db);
  }
});

it("the command does the same without a gateway, and says what is wrong", async () => {
  const run = async (...args: string[]) => {
    const env = { PATH: process.env.PATH, DATABASE_URL: stage.databaseUrl };
    const ran = promisify(execFile)(process.execPath, [projectPath("dist/cli/signatures.js"), ...args], { env });
    return ran.catch((error: { code: number; stdout: string; stderr: string }) => error);
  };
  const made = await run("suppress", FOUND.signature, "--engine", "av", "--reason", REASON, "--expires", "2d");
  expect(made.stderr).toMatch(/^Bad\.Thing-1 of Av counts for nothing in new results until .* UTC\. Its id is \d+\.\n$/);
  expect((await scanned("Av", FOUND)).verdict).toBe("INCONCLUSIVE");
  const id = /id is (\d+)/.exec(made.stderr)?.[1] ?? "";
  expect((await run("list")).stdout).toMatch(new RegExp(`^${id} +Bad\\.Thing-1 +Av .*${REASON}$`, "m"));
  expect((await run("lift", id)).stderr).toBe("Bad.Thing-1 of Av counts again in new results.\n");
  expect((await scanned("Av", FOUND)).verdict).toBe("INFECTED");
  expect((await run("list", "--ended")).stdout).toMatch(new RegExp(`^${id} .*ended`, "m"));
  expect(await run("suppress", "x", "--reason", "y", "--engine", "none")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--engine: no engine is called none") as string,
  });
  expect(await run("lift", "x")).toMatchObject({ code: 2, stderr: expect.stringContaining("x is no id") as string });
});
