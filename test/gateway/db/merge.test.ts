import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../../gateway/db/database.js";
import { changeEngine, lockResults, recountAv } from "../../../gateway/db/engine-change.js";
import { insertEngines, readEngines } from "../../../gateway/db/engines.js";
import { readRequests } from "../../../gateway/db/outbox.js";
import { removeSettled } from "../../../gateway/db/sweep.js";
import { lockScans, raiseResults, type IncomingResult } from "../../../gateway/db/results.js";
import { readScan } from "../../../gateway/db/scans.js";
import { isFinal, merge, rank, RESULT_STATES, type EngineVerdict, type RankedResult } from "../../../schema/states.js";
import { engine } from "../../stage/puppet-agent.js";
import { openTestDatabase } from "../../stage/database.js";
import { acceptScan } from "./accepting.js";

let db: Database;
let close: () => Promise<void>;

const STANDINGS: RankedResult[] = RESULT_STATES.flatMap((state): RankedResult[] => {
  const verdicts: (EngineVerdict | null)[] = state === "DONE" ? [null, "CLEAN", "SUSPICIOUS", "INFECTED"] : [null];
  return verdicts.map((verdict) => ({ state, verdict }));
});

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  await insertEngines(db, [engine("Alpha"), engine("Beta"), engine("Meta", { type: "METADATA" })]);
  await sql`insert into samples (sha256, md5, sha1, size, mime) values (${"a".repeat(64)}, ${"b".repeat(32)}, ${"c".repeat(40)}, 1, 'x/y')`.execute(
    db,
  );
});

afterAll(() => close());

async function newScan(engines: string[]): Promise<number> {
  const expected = (await readEngines(db)).filter(({ name }) => engines.includes(name));
  return acceptScan(db, { expected });
}

const incoming = (scanId: number, engineName: string, standing: RankedResult, agent = "a"): IncomingResult => ({
  scanId,
  engine: engineName.toLowerCase(),
  internet: "isolated",
  ...standing,
  signature: null,
  error: null,
  cause: null,
  versions: { engine: null, signatures: null, signatureDate: null },
  image: null,
  agent,
  startedAt: null,
  durationMs: null,
  details: null,
  truncated: false,
});

function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
}

const record = (results: IncomingResult[]) => raiseResults(db, results);

async function standing(scanId: number): Promise<RankedResult> {
  const [result] = (await readScan(db, scanId))?.results ?? [];
  if (!result) throw new Error("no result");
  return { state: result.state, verdict: result.verdict };
}

it("rows move as merge() says, for every pair of standings, one after the other or in one batch", async () => {
  for (const first of STANDINGS) {
    for (const second of STANDINGS) {
      const [apart, together] = [await newScan(["Alpha"]), await newScan(["Alpha"])];
      await record([incoming(apart, "Alpha", first)]);
      await record([incoming(apart, "Alpha", second)]);
      await record([incoming(together, "Alpha", first), incoming(together, "Alpha", second)]);
      const expected = merge(first, second);
      expect(await standing(apart), `${first.state} then ${second.state}`).toEqual(expected);
      expect(await standing(together), `${first.state} with ${second.state}`).toEqual(expected);
    }
  }
});

it("of equal results the first recorded stays", async () => {
  const scanId = await newScan(["Alpha"]);
  await record([
    incoming(scanId, "Alpha", { state: "FAILED", verdict: null }, "first"),
    incoming(scanId, "Alpha", { state: "FAILED", verdict: null }, "second"),
  ]);
  await record([incoming(scanId, "Alpha", { state: "FAILED", verdict: null }, "third")]);
  expect((await readScan(db, scanId))?.results[0]?.agent).toBe("first");
});

it("counters and verdict follow any order of results of three engines", async () => {
  const random = seededRandom(7);
  for (let round = 0; round < 60; round += 1) {
    const names = ["Alpha", "Beta", "Meta"];
    const scanId = await newScan(names);
    const best = new Map<string, RankedResult>(names.map((name) => [name, { state: "QUEUED", verdict: null }]));
    for (let i = 0; i < 12; i += 1) {
      const name = names[random(3)] ?? "";
      const next = STANDINGS[random(STANDINGS.length)] as RankedResult;
      best.set(name, merge(best.get(name) as RankedResult, next));
      await record([incoming(scanId, name, next)]);
      const scan = await readScan(db, scanId);
      const all = [...best.values()];
      const finals = all.filter(({ state }) => isFinal(state));
      const detections = all.filter(({ verdict }) => verdict === "INFECTED" || verdict === "SUSPICIOUS");
      expect(scan).toMatchObject({ done: finals.length, total: 3, detections: detections.length });
      expect(scan?.endDate !== null).toBe(finals.length === 3);
      expect(scan?.verdict).toBe(verdictOf(best, finals.length === 3));
    }
  }
});

it("recorders that meet in the same rows at the same time agree with one that works alone", async () => {
  const random = seededRandom(11);
  const names = ["Alpha", "Beta", "Meta"];
  for (let round = 0; round < 40; round += 1) {
    const scanIds = await Promise.all([newScan(names), newScan(names), newScan(names)]);
    const results = Array.from({ length: 24 }, () =>
      incoming(scanIds[random(3)] ?? 0, names[random(3)] ?? "", STANDINGS[random(STANDINGS.length)] as RankedResult),
    );
    // Every result is delivered twice, in batches that others have in another order.
    const batches = [...inBatches(results), ...inBatches(results.toReversed())];
    const raised = await Promise.all(batches.map(record));
    for (const scanId of scanIds) {
      const of = (name: string) =>
        results
          .filter((result) => result.scanId === scanId && result.engine === name.toLowerCase())
          .reduce<RankedResult>(merge, { state: "QUEUED", verdict: null });
      const best = new Map(names.map((name) => [name, of(name)]));
      const final = [...best.values()].every(({ state }) => isFinal(state));
      const scan = await readScan(db, scanId);
      expect(new Map(scan?.results.map(({ engine: name, state, verdict }) => [name, { state, verdict }]))).toEqual(
        new Map([...best].map(([name, { state, verdict }]) => [name, { state, verdict }])),
      );
      expect(scan).toMatchObject({
        done: [...best.values()].filter(({ state }) => isFinal(state)).length,
        detections: [...best.values()].filter(({ verdict }) => verdict === "INFECTED" || verdict === "SUSPICIOUS").length,
        verdict: verdictOf(best, final),
        revision: raised.filter(({ changed }) => changed.some((one) => one.scanId === scanId)).length,
      });
      expect(raised.flatMap(({ changed }) => changed.filter((one) => one.scanId === scanId && one.final))).toHaveLength(
        final ? 1 : 0,
      );
    }
  }
});

/** Begins to record, and returns when it waits for others. */
async function recordWaiting(results: IncomingResult[]) {
  const recorded = record(results);
  await expect
    .poll(async () => {
      const { rows } =
        await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return rows.length;
    })
    .toBe(1);
  return { recorded };
}

it("a request that is made while the last result waits for its scan does not stay", async () => {
  const scanId = await newScan(["Alpha"]);
  const waiting = await db.transaction().execute(async (tx) => {
    await lockScans(tx, [scanId]);
    const late = await recordWaiting([incoming(scanId, "Alpha", { state: "DONE", verdict: "CLEAN" })]);
    await sql`insert into outbox (scan_id, speed, internet, engine_ids) select ${scanId}, 'FAST', false, array_agg(id) from engines where name = 'Alpha'`.execute(
      tx,
    );
    return late;
  });
  expect((await waiting.recorded).changed).toMatchObject([{ scanId, final: { verdict: "CLEAN" } }]);
  const left = async () => {
    const rows = await db.selectFrom("outbox").select("id").where("scan_id", "=", scanId).execute();
    return rows.map(({ id }) => id);
  };
  expect(await readRequests(db, await left())).toEqual([]);
  await removeSettled(db);
  expect(await left()).toEqual([]);
});

it("a result that comes while its engine becomes another type is counted by the new one", async () => {
  const scanId = await newScan(["Alpha", "Beta"]);
  const alpha = (await readEngines(db)).find(({ name }) => name === "Alpha")?.engineId ?? 0;
  const waiting = await db.transaction().execute(async (tx) => {
    await lockResults(tx);
    const late = await recordWaiting([incoming(scanId, "Alpha", { state: "DONE", verdict: "CLEAN" })]);
    await changeEngine(tx, alpha, engine("Alpha", { type: "METADATA" }));
    await recountAv(tx, alpha, -1);
    return late;
  });
  await waiting.recorded;
  await record([incoming(scanId, "Beta", { state: "FAILED", verdict: null })]);
  expect(await readScan(db, scanId)).toMatchObject({ done: 2, verdict: "INCONCLUSIVE" });
  await db.transaction().execute((tx) => changeEngine(tx, alpha, engine("Alpha")));
});

function inBatches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: items.length / 4 }, (_, i) => items.slice(i * 4, i * 4 + 4));
}

/** The rule in words: any INFECTED, else any SUSPICIOUS; when final CLEAN only if every antivirus engine says so. */
function verdictOf(best: Map<string, RankedResult>, final: boolean): string | null {
  const worst = [...best.values()]
    .toSorted((a, b) => rank(b) - rank(a))
    .find(({ verdict }) => verdict === "INFECTED" || verdict === "SUSPICIOUS");
  if (worst) return worst.verdict;
  if (!final) return null;
  return ["Alpha", "Beta"].every((name) => best.get(name)?.verdict === "CLEAN") ? "CLEAN" : "INCONCLUSIVE";
}
