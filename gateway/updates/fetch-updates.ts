/** Has the sources of bundles checked: each source by one fetcher at a time, and by another one if that fetcher vanishes. */

import { randomUUID } from "node:crypto";
import { MAX_FETCH_JOBS, type FetchJob, type FetchOrder } from "../../schema/fetch-job.js";
import { openFetchUpload } from "../bundles/uploads.js";
import { newestBundle, readBundleFiles } from "../db/bundles.js";
import type { Tx } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import {
  addFetchJobs,
  FETCH_ENDS,
  assignFetchJob,
  lockFetchJob,
  readFetchJobs,
  recordFetchProgress,
  releaseFetchJob,
  type FetchJobRecord,
} from "../db/fetch-jobs.js";
import { DEFAULT_POLICY, readPolicies } from "../db/update-policies.js";
import type { ScanContext } from "../scan/context.js";
import { chooseFetcher, findFetchable, findFetchers, type Fetchable, type Fetcher } from "./fetch-sources.js";

/** The parts of a gateway that fetching uses. */
export type FetchContext = Pick<ScanContext, "db" | "bus" | "fleet" | "log"> & {
  readonly config: Pick<ScanContext["config"], "publicUrl">;
  readonly metrics: Pick<ScanContext["metrics"], "fetchChecks" | "fetchFailures" | "fetchNext" | "fetchLast">;
};

/** How long a fetcher may not mention a job that it was given: then it is told again, and later another fetcher gets the job. */
const RESEND_MS = 5_000;
const VANISHED_MS = 60_000;
/** A check that takes longer has failed. */
const MAX_CHECK_MS = 6 * 3_600_000;
/** How often Postgres notes that a fetcher is still working on a job. */
const RECORD_MS = 15_000;
const MAX_KNOWN_FILES = 1_000;

/** Records the progress that fetchers report, and assigns the jobs that are due. Several gateways may do so at once. */
export async function fetchUpdates(ctx: FetchContext): Promise<void> {
  const { db, fleet } = ctx;
  const fetchers = findFetchers(fleet.presences());
  const [engines, policies] = [await readEngines(db), await readPolicies(db)];
  const sets = findFetchable(fetchers, engines, policies);
  let jobs = await readFetchJobs(db);
  const fresh = sets.filter(({ engineId, set }) => !jobs.some((job) => job.engineId === engineId && job.set === set));
  if (fresh.length > 0) {
    await addFetchJobs(db, fresh);
    jobs = await readFetchJobs(db);
  }
  if (jobs.length === 0) return;
  for (const job of jobs.filter(({ isOpen }) => isOpen)) await recordJob(ctx, fetchers, job, everyMsOf(sets, job));
  jobs = await readFetchJobs(db);
  showJobs(ctx, jobs);
  const orders = new Map<Fetcher, FetchOrder[]>();
  for (const job of jobs) {
    const given = await assignJob(ctx, fetchers, job, jobs);
    if (given) orders.set(given.fetcher, [...(orders.get(given.fetcher) ?? []), given.order]);
  }
  for (const [{ agent, class: internet }, all] of orders)
    for (let at = 0; at < all.length; at += MAX_FETCH_JOBS)
      ctx.bus.account(internet).sendControl(agent, { v: 1, kind: "fetch", jobs: all.slice(at, at + MAX_FETCH_JOBS) });
}

/** Copies the progress of a job from the fetcher's presence to Postgres. */
async function recordJob(ctx: FetchContext, fetchers: readonly Fetcher[], job: FetchJobRecord, everyMs: number): Promise<void> {
  const told = reportedJob(fetchers, job);
  if (told === undefined && job.openMs > MAX_CHECK_MS) return record(ctx, job, tooLong(everyMs));
  if (told === undefined || (told.state === job.state && job.silentMs < RECORD_MS)) return;
  if (!FETCH_ENDS.includes(told.state) && job.openMs > MAX_CHECK_MS) return record(ctx, job, tooLong(everyMs));
  await record(ctx, job, { ...told, everyMs });
}

function tooLong(everyMs: number) {
  const reason = `The look took longer than ${MAX_CHECK_MS / 3_600_000} hours and was given up.`;
  return { state: "FAILED" as const, reason, until: null, checkedAt: null, everyMs };
}

async function record({ db, metrics }: FetchContext, job: FetchJobRecord, progress: Parameters<typeof recordFetchProgress>[2]) {
  const changed = await recordFetchProgress(db, job, progress);
  if (changed && FETCH_ENDS.includes(progress.state)) metrics.fetchChecks.labels(job.engine, job.set, progress.state).inc();
}

/** A job as its fetcher reports it. */
function reportedJob(fetchers: readonly Fetcher[], { agent, job }: FetchJobRecord): FetchJob | undefined {
  return fetchers.find((one) => one.agent === agent)?.fetches.jobs.find((one) => one.job === job);
}

/** Assigns a job that is due, or whose fetcher has vanished. Repeats the order to a fetcher that does not show its job. */
async function assignJob(
  ctx: FetchContext,
  fetchers: readonly Fetcher[],
  job: FetchJobRecord,
  all: readonly FetchJobRecord[],
): Promise<{ fetcher: Fetcher; order: FetchOrder } | undefined> {
  if (!job.isOpen && !job.isDue) return undefined;
  const holder = fetchers.find(({ agent }) => agent === job.agent);
  const isShown = reportedJob(fetchers, job) !== undefined;
  if (job.isOpen && isShown) return undefined;
  const isLost = job.isOpen && job.silentMs > VANISHED_MS;
  if (job.isOpen && !isLost && (holder === undefined || job.silentMs < RESEND_MS)) return undefined;
  const again = job.isOpen && !isLost ? holder : undefined;
  const fetcher = again ?? chooseFetcher(isLost ? fetchers.filter((one) => one !== holder) : fetchers, job, all);
  return ctx.db.transaction().execute(async (tx) => {
    if (!(await lockFetchJob(tx, job))) return undefined;
    if (fetcher === undefined) {
      if (isLost) await releaseFetchJob(tx, job, `The fetcher ${job.agent} has vanished, and there is no other.`);
      return undefined;
    }
    if (again) return { fetcher, order: await createOrder(ctx, tx, job, job.job, fetcher) };
    const next = randomUUID();
    await assignFetchJob(tx, job, next, fetcher.agent);
    ctx.log.info(
      { engine: job.engine, set: job.set, agent: fetcher.agent },
      "A fetcher looks at the source of an engine's updates",
    );
    return { fetcher, order: await createOrder(ctx, tx, job, next, fetcher) };
  });
}

async function createOrder(
  { config }: FetchContext,
  tx: Tx,
  { engineId, engine, set }: FetchJobRecord,
  job: string,
  { agent }: Fetcher,
): Promise<FetchOrder> {
  const { path } = await openFetchUpload(tx, { engineId, set, job, source: `fetched by ${agent}` });
  const url = config.publicUrl === undefined ? path : new URL(path, config.publicUrl).href;
  return { engine, set, job, url, known: await knownFiles(tx, engineId, set) };
}

/** The files of the newest bundle, which need not be sent again; none if there are too many to list. */
async function knownFiles(tx: Tx, engineId: number, set: string): Promise<string[]> {
  const newest = await newestBundle(tx, engineId, set);
  if (newest === undefined || newest.removedAt !== null) return [];
  const files = await readBundleFiles(tx, newest.id);
  return files.length > MAX_KNOWN_FILES ? [] : [...new Set(files.map(({ sha256 }) => sha256))];
}

function everyMsOf(sets: readonly Fetchable[], job: FetchJobRecord): number {
  return sets.find(({ engineId, set }) => engineId === job.engineId && set === job.set)?.everyMs ?? DEFAULT_POLICY.checkEveryMs;
}

function showJobs({ metrics }: FetchContext, jobs: readonly FetchJobRecord[]): void {
  for (const gauge of [metrics.fetchFailures, metrics.fetchNext, metrics.fetchLast]) gauge.reset();
  for (const { engine, set, failures, nextAt, checkedAt } of jobs) {
    metrics.fetchFailures.labels(engine, set).set(failures);
    metrics.fetchNext.labels(engine, set).set(nextAt.getTime() / 1_000);
    if (checkedAt !== null) metrics.fetchLast.labels(engine, set).set(checkedAt.getTime() / 1_000);
  }
}
