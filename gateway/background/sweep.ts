import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../../schema/abort-controller.js";
import { INTERNET_CLASSES } from "../../schema/classes.js";
import { transact } from "../db/database.js";
import { deleteOldAgents } from "../db/agents.js";
import { removeExpiredDownloads } from "../db/downloads.js";
import { readDueWork, type DueWork } from "../db/due-work.js";
import { removeOldHosts } from "../db/engine-hosts.js";
import { removeOldSetups } from "../db/engine-setups.js";
import { removeOldTargets } from "../db/engine-targets.js";
import { removeOldKeys } from "../db/idempotency.js";
import { removeOldUpdates } from "../db/old-updates.js";
import { trimRollup } from "../db/rollup.js";
import { lockOverdue, removeSettled } from "../db/sweep.js";
import { removeExpiredUploads } from "../db/uploads.js";
import { releaseInternetCopies } from "../db/samples.js";
import type { OpenResult } from "../db/withdraw.js";
import { GatewayError } from "../errors.js";
import { tidyBundles } from "../bundles/retain.js";
import { createRowBatches, type RowBatches } from "../batches/row-batches.js";
import { repeatOrders } from "../scan/agent-orders.js";
import { repeatSettings } from "../scan/agent-settings.js";
import { continueRestart } from "../scan/rolling-restart.js";
import { announce } from "../scan/announce.js";
import type { ScanContext } from "../scan/context.js";
import { removeFromBus, removeOverdue } from "../scan/removals.js";
import { createLossWatch, LOST_BATCH, purgeSettled } from "./sweep-bus.js";
import { UNCOUNTED_BATCH, updateStatistics } from "../scan/statistics.js";
import { removeOrphans } from "./sweep-samples.js";
import { closeUnserved, UNSERVED_BATCH } from "./unserved.js";
import { tellIgnored } from "../scan/suppressions.js";
import { continueRulesets, showsRuleJobs } from "../rulesets/continue-jobs.js";
import { continueUpdates } from "../updates/rollout.js";
import { updateFetched } from "../updates/update-fetched.js";
import { fetchUpdates } from "../updates/fetch-updates.js";
import { finishWithdrawals, withdraw, type ClosedResult, type Withdrawal } from "../scan/withdraw.js";

/** Repairs what was lost and closes what is overdue, by Postgres's clock, until stopped. Every gateway runs it; they do not conflict. */
export interface Sweep {
  stop(): Promise<void>;
}

interface Step {
  readonly name: string;
  /** Milliseconds between two runs; 0 means in every sweep. */
  readonly every: number;
  /** Run only if this kind of work is due. */
  readonly due?: DueWork;
  /** Also run if this gateway knows of work that Postgres does not report as due. */
  heard?(ctx: ScanContext): boolean;
  run(ctx: ScanContext): Promise<unknown>;
}

const OVERDUE_BATCH = 200;
const COPIES_BATCH = 100;
const KEYS_BATCH = 1_000;

export function startSweep(ctx: ScanContext): Sweep {
  const interval = ctx.config.sweepIntervalMs;
  const grace = ctx.config.orphanGraceMs;
  const batches = (largest: number) => createRowBatches(largest, ctx.log, "scan");
  const losses = createLossWatch(ctx.config.ackWaitMs, batches(LOST_BATCH));
  const [overdue, unserved, uncounted] = [batches(OVERDUE_BATCH), batches(UNSERVED_BATCH), batches(UNCOUNTED_BATCH)];
  const steps: Step[] = [
    { name: "publish", every: 0, due: "unpublished", run: () => publishAll(ctx) },
    { name: "held requests", every: 0, run: () => ctx.bulk.release() },
    { name: "close overdue", every: 0, due: "overdue", run: () => closeOverdue(ctx, overdue) },
    { name: "unserved engines", every: 1_000, due: "unserved", run: () => closeUnserved(ctx, unserved) },
    { name: "removals", every: 0, due: "removals", run: removeOverdue },
    { name: "agents' orders", every: 1_000, run: repeatOrders },
    { name: "agents' settings", every: 1_000, run: repeatSettings },
    { name: "rolling restart", every: 1_000, due: "restarts", run: continueRestart },
    { name: "sources of updates", every: 2_000, run: fetchUpdates },
    { name: "fetched bundles", every: 5_000, run: updateFetched },
    { name: "rulesets", every: 500, due: "rulesets", heard: showsRuleJobs, run: continueRulesets },
    { name: "updates of engines", every: 1_000, run: continueUpdates },
    { name: "message version", every: 2_000, run: ({ version }) => version.refresh() },
    { name: "ignored signatures", every: 5_000, run: tellIgnored },
    { name: "verdicts after updates", every: 1_000, run: ({ verdictRuns }) => verdictRuns.continue() },
    { name: "watchers", every: 2_000, run: () => resync(ctx) },
    { name: "lost requests", every: Math.min(ctx.config.ackWaitMs / 2, 10_000), run: losses.requeue },
    { name: "settled requests", every: 5_000, run: (c) => eachClass((internet) => purgeSettled(c, internet)) },
    { name: "requests of final scans", every: 10_000, run: () => removeSettled(ctx.db) },
    { name: "internet copies", every: 1_000, due: "copies", run: () => removeIdleCopies(ctx, copies) },
    { name: "orphans", every: Math.min(grace / 4, 60_000), run: (c) => eachClass((internet) => removeOrphans(c, internet)) },
    { name: "bundles", every: Math.min(grace / 4, 60_000), run: tidyBundles },
    { name: "statistics", every: 1_000, due: "uncounted", run: () => updateStatistics(ctx, uncounted) },
    { name: "old statistics", every: 600_000, run: () => trimRollup(ctx.db) },
    { name: "idempotency keys", every: 60_000, run: removeKeys },
    { name: "hosts of engines", every: 600_000, run: () => removeOldHosts(ctx.db) },
    { name: "targets of agents that are gone", every: 600_000, run: () => removeOldTargets(ctx.db) },
    { name: "old updates", every: 600_000, run: () => removeOldUpdates(ctx.db) },
    { name: "old setups of engines", every: 86_400_000, run: () => removeOldSetups(ctx.db) },
    { name: "agents that are gone", every: 600_000, run: () => deleteOldAgents(ctx.db) },
    { name: "uploads", every: 60_000, run: () => removeExpiredUploads(ctx.db) },
    { name: "downloads", every: 60_000, run: () => removeExpiredDownloads(ctx.db) },
  ];
  const copies = createRowBatches(COPIES_BATCH, ctx.log, "sample");
  const lastRun = new Map<string, number>();
  const stopping = createAbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const due = await readDueWork(ctx.db).catch((error: unknown) => report("look for work", error));
      for (const step of steps) {
        const now = performance.now();
        if (stopping.signal.aborted || now - (lastRun.get(step.name) ?? -Infinity) < step.every) continue;
        lastRun.set(step.name, now);
        if (step.due !== undefined && due?.has(step.due) === false && step.heard?.(ctx) !== true) continue;
        await step.run(ctx).catch((error: unknown) => report(step.name, error));
      }
      await pause(interval, undefined, stopping).catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error;
      });
    }
  }

  /** The connection itself logs outages, and the next sweep tries again. */
  function report(step: string, error: unknown): void {
    if (error instanceof GatewayError && error.code === "UNAVAILABLE")
      return ctx.log.debug({ step }, "skipped a step of the sweep: a part of the mesh is unavailable");
    ctx.log.warn({ err: error, step }, "a step of the sweep failed; the next sweep tries again");
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function eachClass(step: (internet: (typeof INTERNET_CLASSES)[number]) => Promise<void>): Promise<void> {
  for (const internet of INTERNET_CLASSES) await step(internet);
}

/** Makes up for lost hints. */
async function resync({ watchers, feeds }: ScanContext): Promise<void> {
  feeds.invalidate();
  await watchers.resync();
}

async function publishAll(ctx: ScanContext): Promise<void> {
  if (!ctx.bus.connected()) return;
  while ((await ctx.relay.publishOverdue()) > 0);
}

async function removeKeys({ db }: ScanContext): Promise<void> {
  while ((await removeOldKeys(db, KEYS_BATCH)) === KEYS_BATCH);
}

/** First closes everything in Postgres, so that problems with the bus do not delay it. */
async function closeOverdue(ctx: ScanContext, batches: RowBatches): Promise<void> {
  const closed: Withdrawal[] = [];
  await batches
    .run(async ({ limit, except, took }) => {
      const { closings, ...withdrawn } = await transact(ctx.db, async (tx) => {
        const overdue = await lockOverdue(tx, { limit, except });
        took(overdue.map(({ scanId }) => scanId));
        const closings = overdue.map(({ hadAgent, ...result }) => overdueResult(result, hadAgent));
        return { closings, ...(await withdraw(tx, closings)) };
      });
      for (const { state } of closings) ctx.metrics.overdue.labels(state).inc();
      announce(ctx, withdrawn.changed);
      closed.push(withdrawn);
      return withdrawn.changed.length === limit;
    })
    .finally(() => finishWithdrawals(ctx, closed));
}

function overdueResult(result: OpenResult, hadAgent: boolean): ClosedResult {
  return hadAgent ? { ...result, state: "TIMEOUT", error: "timeout" } : { ...result, state: "NO_AGENT", error: "no agent" };
}

/** Removes copies in the internet account that no open scan needs. */
async function removeIdleCopies(ctx: ScanContext, batches: RowBatches): Promise<void> {
  await batches.run(async (batch) => {
    await removeFromBus(ctx, await ctx.db.transaction().execute((tx) => releaseInternetCopies(tx, batch)));
    return false;
  });
}
