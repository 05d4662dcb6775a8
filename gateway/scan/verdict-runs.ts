/** After an update of an engine, rescans samples with that engine alone and keeps scans that changed its verdict. */

import type { Logger } from "pino";
import type { EngineRecord } from "../../schema/reports.js";
import type { EngineVerdict } from "../../schema/states.js";
import { UPDATE_SHARE } from "../../schema/verdict-runs.js";
import type { Bus } from "../bus/bus.js";
import type { GatewayConfig } from "../config.js";
import type { Bulk } from "../dispatch/bulk.js";
import type { Fleet } from "../fleet/fleet.js";
import { takeScanId } from "../db/accept.js";
import { transact, type Database, type Tx } from "../db/database.js";
import { deleteScans, shareLockSamples } from "../db/delete.js";
import { readEngines } from "../db/engines.js";
import { lockScans } from "../db/results.js";
import { insertRetry } from "../db/retry.js";
import { insertCheck, lockEndedChecks, readCandidates, type Candidate, type EndedCheck } from "../db/verdict-checks.js";
import { insertFlips } from "../db/verdict-flips.js";
import * as runs from "../db/verdict-runs.js";
import type { Metrics } from "../metrics.js";
import { servedVersion, versionKey } from "../fleet/served-version.js";
import { serving } from "../fleet/serving.js";
import { planScan } from "./plan.js";

/** Continues runs, one pass at a time. */
export interface VerdictRuns {
  /** Does everything that is due now. */
  continue(): Promise<void>;
  /** Called when results were recorded, which may have freed slots: continues soon if this gateway knows of open scans of a run. */
  continueIfRunning(): void;
  /** Waits for the current pass. */
  idle(): Promise<void>;
}

export interface RunParts {
  readonly config: Pick<GatewayConfig, "sweepIntervalMs">;
  readonly db: Database;
  readonly fleet: Fleet;
  readonly bulk: Bulk;
  readonly bus: Bus;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "verdictFlips">;
}

/** An update counts once all hosts have shown it for this many sweeps: while agents come and go, versions may change briefly. */
const SETTLED_SWEEPS = 3;
/** How many samples are examined together, and how often in one pass: most may not need a rescan. */
const LOOKED_AT = 200;
const LOOKS = 5;
const ENDED = 200;
/** These scans wait for room, and nobody is waiting for them. */
const DEADLINE = { min: 1, max: 0, fallbackMs: 3_600_000 };

/** A followed engine, and the version that its hosts run now. */
interface Followed extends runs.Follow {
  readonly engine: EngineRecord;
  readonly served: string | undefined;
  readonly slots: number;
}

export function createVerdictRuns(parts: RunParts): VerdictRuns {
  const settled = createSettling(SETTLED_SWEEPS * parts.config.sweepIntervalMs);
  let running = false;
  let working: Promise<void> | undefined;
  let again = false;

  function work(): Promise<void> {
    again = true;
    working ??= (async () => {
      while (again) {
        again = false;
        running = await continueOnce(parts, settled);
      }
    })().finally(() => (working = undefined));
    return working;
  }

  return {
    continue: work,
    continueIfRunning() {
      if (running)
        work().catch((error: unknown) => parts.log.warn({ err: error }, "cannot continue after an update now; retrying"));
    },
    async idle() {
      // The caller that started it handles its failure.
      await Promise.allSettled([working]);
    },
  };
}

type Settled = (engineId: number, served: string | undefined) => boolean;

function createSettling(settleMs: number): Settled {
  const seen = new Map<number, { readonly served: string | undefined; readonly since: number }>();
  return (engineId, served) => {
    const before = seen.get(engineId);
    if (before && before.served === served) return performance.now() - before.since >= settleMs;
    seen.set(engineId, { served, since: performance.now() });
    return false;
  };
}

/** How many slots scans after updates may use: at least one, which then pauses between two scans. */
export function slotsForUpdates(slots: number): number {
  return slots === 0 ? 0 : Math.max(1, Math.floor(slots * UPDATE_SHARE));
}

/** How long to pause after a scan of this duration, so that the share of slots is kept over time. */
export function restAfter(durationMs: number, slots: number): number {
  return slots === 0 ? 0 : Math.max(0, durationMs * (1 / (UPDATE_SHARE * slots) - 1));
}

/** Returns whether scans of a run are open. */
async function continueOnce(parts: RunParts, settled: Settled): Promise<boolean> {
  if (!(await runs.hasRuns(parts.db))) return false;
  const { inserted, flipped, open } = await transact(parts.db, async (tx) => {
    if (!(await runs.tryLockRuns(tx))) return { inserted: 0, flipped: [], open: true };
    const followed = await readFollowed(parts, tx);
    const flips = await conclude(tx, followed);
    for (const one of followed) if (settled(one.engineId, one.served)) await noteUpdate(tx, one);
    return { ...(await extend(tx, followed)), flipped: flips };
  });
  if (inserted > 0) parts.bulk.releaseSoon();
  for (const { engine, now } of flipped) parts.metrics.verdictFlips.labels(engine, verdictOf(now)).inc();
  if (flipped.length > 0) parts.bus.sendHints(flipped.map(({ scanId, revision }) => [scanId, revision + 1]));
  return open;
}

async function readFollowed({ fleet }: RunParts, tx: Tx): Promise<Followed[]> {
  const byId = new Map((await readEngines(tx)).map((engine) => [engine.engineId, engine]));
  return (await runs.readFollows(tx)).flatMap((follow) => {
    const engine = byId.get(follow.engineId);
    return engine ? [{ ...follow, engine, served: servedVersion(fleet, engine.name), slots: serving(fleet, engine).slots }] : [];
  });
}

/** Notes a new version once all hosts run it, and begins a run for it. */
async function noteUpdate(tx: Tx, { engineId, version, served }: Followed): Promise<void> {
  if (served === undefined || served === version) return;
  await runs.noteVersion(tx, { engineId, version: served });
  if (version !== null) await runs.beginRun(tx, engineId, served);
}

/** Keeps the ended scans that changed a verdict and deletes the others. Returns the kept ones, each with a new revision. */
async function conclude(tx: Tx, followed: readonly Followed[]): Promise<EndedCheck[]> {
  const ended = await lockEndedChecks(tx, ENDED);
  const flips = ended.filter(isFlip);
  if (flips.length > 0) await insertFlips(tx, flips);
  const others = ended.filter((check) => !isFlip(check)).map(({ scanId }) => scanId);
  if (others.length > 0) await deleteScans(tx, others);
  for (const runId of new Set(ended.map((check) => check.runId))) {
    const checks = ended.filter((check) => check.runId === runId);
    const slots = followed.find(({ engineId }) => engineId === checks[0]?.engineId)?.slots ?? 0;
    const done = checks.filter(({ state }) => state === "DONE").length;
    await runs.countProgress(tx, runId, {
      checked: done,
      failed: checks.length - done,
      flips: checks.filter(isFlip).length,
      restMs: restAfter(Math.max(...checks.map(({ durationMs }) => durationMs ?? 0)), slots),
    });
  }
  return flips;
}

function isFlip({ state, before, now }: EndedCheck): boolean {
  return state === "DONE" && before !== null && verdictOf(before) !== verdictOf(now);
}

/** No verdict counts as CLEAN: the engine has found nothing. */
function verdictOf({ verdict }: EndedCheck["now"]): EngineVerdict {
  return verdict ?? "CLEAN";
}

/** Starts scans of the next samples of each run, as far as there are free slots. */
async function extend(tx: Tx, followed: readonly Followed[]): Promise<{ inserted: number; open: boolean }> {
  const checks = await runs.countChecks(tx);
  let inserted = 0;
  for (const run of await runs.readOpenRuns(tx)) {
    const one = followed.find(({ engineId }) => engineId === run.engineId);
    const open = checks.get(run.engineId) ?? 0;
    const room = one ? slotsForUpdates(one.slots) - open : 0;
    // While hosts run different versions, it is unknown which one would answer.
    if (!one || one.served !== run.version || run.rests || room <= 0) continue;
    const added = await extendRun(tx, run, one.engine, room);
    inserted += added.count;
    if (added.atEnd && added.count === 0 && open === 0) await runs.endRuns(tx, run.engineId, "DONE");
  }
  return { inserted, open: inserted > 0 || checks.size > 0 };
}

async function extendRun(
  tx: Tx,
  run: runs.OpenRun,
  engine: EngineRecord,
  room: number,
): Promise<{ count: number; atEnd: boolean }> {
  let before = run.beforeSample;
  let count = 0;
  let atEnd = false;
  for (let look = 0; look < LOOKS && count < room && !atEnd; look += 1) {
    const samples = await readCandidates(tx, { engineId: engine.engineId, before, limit: LOOKED_AT });
    const due = samples.filter((sample) => isDue(sample, engine, run.version)).slice(0, room - count);
    count += await insertChecks(tx, run, due);
    atEnd = samples.length < LOOKED_AT;
    // If there is no room left, the walk resumes after the last sample taken; otherwise after all samples examined.
    const reached = count < room ? samples.at(-1) : due.at(-1);
    before = reached?.sampleId ?? before;
    atEnd &&= count < room;
  }
  if (before !== null && before !== run.beforeSample) await runs.moveRun(tx, run.runId, before);
  return { count, atEnd };
}

/** Whether another version of the engine has answered for the sample, and it could scan it now. */
function isDue({ last, mime }: Candidate, engine: EngineRecord, version: string): boolean {
  if (last === null || versionKey(last) === version) return false;
  return planScan([engine], { speed: "ALL", internet: last.internet, mime }).expected.length > 0;
}

/** Samples and scans that were deleted meanwhile are skipped. */
async function insertChecks(tx: Tx, { runId, engineId }: runs.OpenRun, samples: readonly Candidate[]): Promise<number> {
  const scans = samples.flatMap(({ sampleId, last }) => (last ? [{ sampleId, previous: last.scanId }] : []));
  const there = new Set(
    await lockScans(
      tx,
      scans.map(({ previous }) => previous),
    ),
  );
  const gone = await shareLockSamples(
    tx,
    scans.map(({ sampleId }) => sampleId),
  );
  const due = scans.filter(({ sampleId, previous }) => there.has(previous) && !gone.has(sampleId));
  for (const { previous } of due) {
    const scanId = await takeScanId(tx);
    await insertRetry(tx, { scanId, previous, engineId, deadline: DEADLINE, ofUpdate: true });
    await insertCheck(tx, { scanId, runId, engineId });
  }
  return due.length;
}
