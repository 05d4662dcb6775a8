/** When a scan is CLEAN: the rule of the verdict, whichever statement applies it, and the proof that goes with it. */

import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { NewScan } from "../../../gateway/db/accept-rows.js";
import type { Database } from "../../../gateway/db/database.js";
import { insertEngines, markHealthy, markPresent, markUnhealthy, readEngines } from "../../../gateway/db/engines.js";
import { raiseResults, type IncomingResult } from "../../../gateway/db/results.js";
import { insertRetry } from "../../../gateway/db/retry.js";
import { readScan } from "../../../gateway/db/scans.js";
import { planScan } from "../../../gateway/scan/plan.js";
import { proveVerdict } from "../../../gateway/scan/proof.js";
import type { ScanReport } from "../../../schema/reports.js";
import { EngineVerdict, isFinal, RESULT_STATES, type ResultState } from "../../../schema/states.js";
import { openTestDatabase } from "../../stage/database.js";
import { acceptScan } from "./accepting.js";
import { engine } from "../../stage/puppet-agent.js";

/** An engine's answer: a state, or a verdict of DONE; "silent" is DONE without one. */
type Answer = Exclude<ResultState, "DONE"> | EngineVerdict | "silent";

const VERSIONS = { engine: "1", signatures: "1", signatureDate: null };
const FINGERPRINT = "f".repeat(64);
const ENGINES = {
  Av: engine("Av", { versions: VERSIONS }),
  Rules: engine("Rules", { type: "METADATA", detects: true, versions: VERSIONS }),
  Facts: engine("Facts", { type: "METADATA", versions: VERSIONS }),
};
type Name = keyof typeof ENGINES;

let db: Database;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  await insertEngines(db, Object.values(ENGINES));
  await markPresent(db, new Map(Object.keys(ENGINES).map((name) => [name.toLowerCase(), 3_600_000])));
  await allHealthy();
  await sql`insert into samples (sha256, md5, sha1, size, mime)
    values (${"a".repeat(64)}, ${"b".repeat(32)}, ${"c".repeat(40)}, 1, 'x/y')`.execute(db);
});

afterAll(() => close());

const allHealthy = () =>
  markHealthy(
    db,
    Object.values(ENGINES).map((one) => ({ ...one, agoMs: 0 })),
  );

async function accept(names: readonly Name[], options: Partial<NewScan> = {}): Promise<number> {
  const { expected, skipped } = planScan(await readEngines(db), { speed: "ALL", internet: false, mime: "x/y", engines: names });
  const announced = (await readEngines(db)).map(({ engineId }) => ({ engineId, fingerprint: FINGERPRINT }));
  return acceptScan(db, { expected, skipped, ...options }, announced);
}

function answerOf(scanId: number, name: Name, answer: Answer): IncomingResult {
  const said = answer === "CLEAN" || answer === "SUSPICIOUS" || answer === "INFECTED";
  const done = said || answer === "silent";
  return {
    scanId,
    engine: name.toLowerCase(),
    internet: "isolated",
    state: done ? "DONE" : answer,
    verdict: said ? answer : null,
    signature: null,
    error: null,
    cause: null,
    versions: VERSIONS,
    fingerprint: FINGERPRINT,
    image: null,
    agent: "a",
    startedAt: null,
    durationMs: null,
    details: null,
    truncated: false,
  };
}

async function report(scanId: number): Promise<ScanReport> {
  const scan = await readScan(db, scanId);
  if (!scan) throw new Error(`no scan ${scanId}`);
  return scan;
}

async function verdictOf(answers: Partial<Record<Name, Answer>>): Promise<ScanReport> {
  const said = Object.entries(answers) as [Name, Answer][];
  const scanId = await accept(said.map(([name]) => name));
  for (const [name, answer] of said) await raiseResults(db, [answerOf(scanId, name, answer)]);
  return report(scanId);
}

it.each<[Partial<Record<Name, Answer>>, verdict: string, barriers: Name[]]>([
  [{ Av: "CLEAN" }, "CLEAN", []],
  [{ Av: "CLEAN", Rules: "silent" }, "CLEAN", []],
  [{ Av: "CLEAN", Rules: "UNSCANNED" }, "CLEAN", []],
  [{ Av: "CLEAN", Rules: "FAILED" }, "INCONCLUSIVE", ["Rules"]],
  [{ Av: "CLEAN", Rules: "TIMEOUT" }, "INCONCLUSIVE", ["Rules"]],
  [{ Av: "CLEAN", Rules: "NO_AGENT" }, "INCONCLUSIVE", ["Rules"]],
  [{ Av: "CLEAN", Rules: "CANCELLED" }, "INCONCLUSIVE", ["Rules"]],
  [{ Av: "CLEAN", Facts: "FAILED" }, "CLEAN", []],
  [{ Av: "CLEAN", Facts: "TIMEOUT", Rules: "silent" }, "CLEAN", []],
  [{ Av: "FAILED" }, "INCONCLUSIVE", ["Av"]],
  [{ Av: "UNSCANNED" }, "INCONCLUSIVE", ["Av"]],
  [{ Av: "TIMEOUT", Rules: "silent" }, "INCONCLUSIVE", ["Av"]],
  [{ Av: "NO_AGENT" }, "INCONCLUSIVE", ["Av"]],
  [{ Av: "CANCELLED" }, "INCONCLUSIVE", ["Av"]],
  [{ Av: "silent" }, "INCONCLUSIVE", ["Av"]],
  [{ Av: "FAILED", Rules: "FAILED" }, "INCONCLUSIVE", ["Av", "Rules"]],
  [{ Rules: "silent", Facts: "silent" }, "INCONCLUSIVE", []],
  [{ Rules: "CLEAN" }, "INCONCLUSIVE", []],
  [{ Av: "FAILED", Rules: "INFECTED" }, "INFECTED", ["Av"]],
  [{ Av: "CLEAN", Rules: "SUSPICIOUS" }, "SUSPICIOUS", []],
  [{ Av: "SUSPICIOUS", Rules: "INFECTED" }, "INFECTED", []],
])("%j is %s", async (answers, verdict, barriers) => {
  const scan = await verdictOf(answers);
  expect(scan.endDate).not.toBeNull();
  expect(scan.verdict).toBe(verdict);
  const proof = proveVerdict(scan, scan.results);
  expect(proof.barriers.map((barrier) => barrier.engine).toSorted()).toEqual(barriers);
  expect(proof.antivirusAsked).toBe("Av" in answers);
});

it("a scan is CLEAN exactly if its proof says so, for every combination of answers", async () => {
  const notDone = RESULT_STATES.filter((state) => state !== "DONE").filter(isFinal);
  const answers: Answer[] = [...notDone, "silent", ...Object.values(EngineVerdict)];
  for (const av of answers) {
    for (const rules of answers) {
      const scan = await verdictOf({ Av: av, Rules: rules });
      const { detectedBy, cleanBy, antivirusAsked, barriers } = proveVerdict(scan, scan.results);
      const proven = antivirusAsked && detectedBy.length === 0 && barriers.length === 0 && cleanBy.length > 0;
      expect(scan.verdict === "CLEAN", `${av}, ${rules}: ${scan.verdict}`).toBe(proven);
      expect(detectedBy.length > 0).toBe(scan.verdict === "SUSPICIOUS" || scan.verdict === "INFECTED");
    }
  }
});

it("what bars CLEAN no more when a late answer comes, bars it no more", async () => {
  const scan = await verdictOf({ Av: "CLEAN", Rules: "TIMEOUT" });
  expect(scan.verdict).toBe("INCONCLUSIVE");
  await raiseResults(db, [answerOf(scan.scanId, "Rules", "silent")]);
  expect((await report(scan.scanId)).verdict).toBe("CLEAN");
});

it("a broken antivirus engine that has worked here bars CLEAN, one that never did or is gone does not", async () => {
  const late = engine("Second", { versions: VERSIONS });
  await insertEngines(db, [late]);
  const names = ["Av", "Second"] as Name[];
  const clean = async () => {
    const scanId = await accept(names);
    await raiseResults(db, [answerOf(scanId, "Av", "CLEAN")]);
    const scan = await report(scanId);
    return { verdict: scan.verdict, ...proveVerdict(scan, scan.results) };
  };
  await markUnhealthy(db, [{ name: "second", reason: "no signatures", broken: false }]);
  expect(await clean(), "it never worked").toMatchObject({ verdict: "CLEAN", barriers: [], absent: ["Second"] });

  await markHealthy(db, [{ ...late, agoMs: 0 }]);
  await markUnhealthy(db, [{ name: "second", reason: "no signatures", broken: false }]);
  const barrier = { engine: "Second", state: null };
  expect(await clean(), "it is broken").toMatchObject({ verdict: "INCONCLUSIVE", barriers: [barrier], absent: [] });

  const retried = await accept(["Av", "Second", "Rules"] as Name[]);
  await raiseResults(db, [answerOf(retried, "Av", "CLEAN"), answerOf(retried, "Rules", "FAILED")]);
  const again = await retry(retried, "Rules");
  await raiseResults(db, [answerOf(again, "Rules", "silent")]);
  expect((await report(again)).verdict, "a repeated engine does not mend the one that is broken").toBe("INCONCLUSIVE");

  await sql`update engines set unhealthy = null, last_healthy_at = now() - interval '1 day' where name = 'Second'`.execute(db);
  expect(await clean(), "it is gone").toMatchObject({ verdict: "CLEAN", barriers: [], absent: ["Second"] });
});

async function retry(previous: number, name: Name): Promise<number> {
  const engineId = (await readEngines(db)).find((one) => one.name === name)?.engineId ?? 0;
  const { rows } = await sql<{ id: number }>`select nextval('scans_id_seq') as id`.execute(db);
  const scanId = rows[0]?.id ?? 0;
  const deadline = { min: 1, max: 86_400_000, fallbackMs: 60_000 };
  await db.transaction().execute((tx) => insertRetry(tx, { scanId, previous, engineId, deadline }));
  return scanId;
}

it("retrying the engine that barred CLEAN gives CLEAN, retrying another keeps the bar", async () => {
  const scan = await verdictOf({ Av: "CLEAN", Rules: "FAILED", Facts: "silent" });
  const mended = await retry(scan.scanId, "Rules");
  await raiseResults(db, [answerOf(mended, "Rules", "silent")]);
  expect((await report(mended)).verdict).toBe("CLEAN");
  const kept = await retry(scan.scanId, "Facts");
  await raiseResults(db, [answerOf(kept, "Facts", "silent")]);
  expect((await report(kept)).verdict).toBe("INCONCLUSIVE");
});

it("a scan whose answers are all taken over follows the same rule", async () => {
  await verdictOf({ Av: "CLEAN", Rules: "silent" });
  const reused = await report(await accept(["Av", "Rules"], { freshnessMs: 3_600_000 }));
  expect([reused.verdict, reused.results.map(({ reusedFrom }) => reusedFrom !== null)]).toEqual(["CLEAN", [true, true]]);
});
