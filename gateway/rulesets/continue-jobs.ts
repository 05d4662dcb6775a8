/** Checks and tries of rulesets: each is given to one host at a time, and to another when that one vanishes. */

import { TRY_PIECE, type RuleJob, type RuleOrder, type TriedSample } from "../../schema/rule-job.js";
import { transact, type Tx } from "../db/database.js";
import {
  countTimeouts,
  endRuleJob,
  failRuleJobAt,
  giveRuleJob,
  hearRuleJob,
  lockGivenJobs,
  lockRuleJob,
  putOffRuleJob,
  readOpenRuleJobs,
  readPiece,
  recordPiece,
  takeBackRuleJob,
  type OpenRuleJob,
} from "../db/ruleset-jobs.js";
import { recordCheck } from "../db/rulesets.js";
import type { ScanContext } from "../scan/context.js";
import { findRuleHosts, isHealthyAt, ruleHosts, type RuleHost } from "./rule-hosts.js";

/** What this uses of a gateway. */
export type RulesContext = Pick<ScanContext, "db" | "bus" | "fleet" | "log">;

/** How long a host may say nothing of a job that it has. */
export const VANISHED_MS = 30_000;
/** A host may be switched off; a ruleset that was begun so often may have ended its agents. */
const MOST_HOSTS = 3;
/** How often Postgres is told that a host is still at it. */
const HEARD_MS = 5_000;
/** Rules that take too long for so many samples do so for others. */
const MOST_TIMEOUTS = 20;

/** Records what hosts say, gives out what waits, and has hosts end what nobody wants any more. Any number of gateways may do it. */
export async function continueRulesets(ctx: RulesContext): Promise<void> {
  // Before what Postgres says: what a host has was there before it was told.
  const hosts = ruleHosts(ctx.fleet.presences());
  for (const job of await readOpenRuleJobs(ctx.db)) {
    try {
      await continueOne(ctx, hosts, job);
    } catch (error) {
      ctx.log.warn({ err: error, job: job.jobId }, "a check or try of a ruleset does not go on; it is tried again");
    }
  }
  await tellHosts(ctx, hosts);
}

/** Whether a host shows a job, be it over or not. */
export function showsRuleJobs({ fleet }: Pick<ScanContext, "fleet">): boolean {
  return fleet.presences().some(({ rules }) => rules !== undefined && rules.jobs.length > 0);
}

async function continueOne(ctx: RulesContext, hosts: readonly RuleHost[], job: OpenRuleJob): Promise<void> {
  const host = hosts.find(({ agent }) => agent === job.agent);
  const told = host?.rules.jobs.find((one) => one.job === job.job);
  // What has ended an agent's process ends the next one as well: its job is not just told to that one.
  const isRestarted = host !== undefined && job.processStartedAt !== null && host.startedAt > job.processStartedAt.toISOString();
  const isHeld = job.agent !== null && !isRestarted && (told !== undefined || job.silentMs < VANISHED_MS);
  const leaving = isHeld && !isOver(job, told) ? whyLeaving(host, job, told) : undefined;
  if (isHeld && leaving === undefined && (told === undefined || !isNews(job, told))) return;
  await transact(ctx.db, async (tx) => {
    if (!(await lockRuleJob(tx, job))) return;
    if (leaving !== undefined) await takeBackRuleJob(tx, job.jobId, `${job.agent} ${leaving}: it waits for another host.`);
    else if (isHeld && told) await record(tx, hosts, job, told);
    else await giveOut(ctx, tx, hosts, job);
  });
}

/** Why its host gives a job back. One that is cordoned finishes what it has begun: a check, or a piece of a try. */
function whyLeaving(host: RuleHost | undefined, { kind, piece }: OpenRuleJob, told: RuleJob | undefined): string | undefined {
  if (host?.state === "DRAINING") return "is being drained";
  const hasBegun = told !== undefined && (kind === "CHECK" || told.taken === piece);
  return host?.state === "CORDONED" && !hasBegun ? "is cordoned" : undefined;
}

/** Whether its host has told what it was given for. */
function isOver({ kind, piece }: OpenRuleJob, told: RuleJob | undefined): boolean {
  return told !== undefined && (told.state !== "RUNNING" || (kind === "TRY" && told.piece === piece));
}

function isNews(job: OpenRuleJob, told: RuleJob): boolean {
  if (told.state !== "RUNNING" || job.silentMs > HEARD_MS) return true;
  return job.kind === "TRY" ? told.piece === job.piece : told.done !== job.done || told.total !== job.total;
}

async function record(tx: Tx, hosts: readonly RuleHost[], job: OpenRuleJob, told: RuleJob): Promise<void> {
  const { jobId } = job;
  if (told.state === "FAILED") return recordFailure(tx, hosts, job, told.reason ?? "Its host does not say why.");
  if (job.kind === "CHECK") {
    await hearRuleJob(tx, jobId, { done: told.done, total: told.total });
    if (told.state !== "DONE" || told.check === null) return;
    await recordCheck(tx, job.versionId, told.check);
    return endRuleJob(tx, jobId, "DONE");
  }
  if (told.piece !== job.piece) return hearRuleJob(tx, jobId);
  await recordPiece(tx, job, told.tried);
  if (told.tried.some(({ outcome }) => outcome === "TIMEOUT") && (await countTimeouts(tx, jobId)) >= MOST_TIMEOUTS)
    return endRuleJob(tx, jobId, "FAILED", `These rules took too long for ${MOST_TIMEOUTS} samples and more.`);
  if (job.done + TRY_PIECE >= job.total) await endRuleJob(tx, jobId, "DONE");
}

/** What one host cannot do, another one may: only when none is left, or so many could not, it has failed. */
async function recordFailure(tx: Tx, hosts: readonly RuleHost[], job: OpenRuleJob, reason: string): Promise<void> {
  const isLeft = findRuleHosts(hosts, job.engine).some(({ agent }) => agent !== job.agent && !job.failedAgents.includes(agent));
  if (isLeft && job.hosts < MOST_HOSTS) return failRuleJobAt(tx, job.jobId, `${job.agent}: ${reason}`);
  return endRuleJob(tx, job.jobId, "FAILED", reason);
}

/** Gives a locked job to a host, or says why none has it. */
async function giveOut(ctx: RulesContext, tx: Tx, hosts: readonly RuleHost[], job: OpenRuleJob): Promise<void> {
  const { jobId, engine, kind } = job;
  if (job.agent !== null && job.hosts >= MOST_HOSTS)
    return endRuleJob(
      tx,
      jobId,
      "FAILED",
      `It was begun ${job.hosts} times, and each time its agent was gone or had started again before it was done; the last was ${job.agent}.`,
    );
  const able = findRuleHosts(hosts, engine).filter(({ agent, state }) => state === "READY" && !job.failedAgents.includes(agent));
  if (able.length === 0) return putOffRuleJob(tx, jobId, noHost(hosts, engine));
  // No other gateway gives a job to the same host at the same time.
  await lockGivenJobs(tx);
  const taken = new Set(
    (await readOpenRuleJobs(tx)).flatMap((one) => (one.kind === kind && one.jobId !== jobId ? (one.agent ?? []) : [])),
  );
  const free = able.filter(({ agent }) => !taken.has(agent));
  // Whoever had it may have ended because of it.
  const [host] = free.toSorted((a, b) => preference(a, job) - preference(b, job) || compare(a, b));
  if (host === undefined) return putOffRuleJob(tx, jobId, "Every host that can do it is busy with another ruleset.");
  await giveRuleJob(tx, jobId, host);
  ctx.log.info({ kind, engine, version: job.versionId, agent: host.agent }, "a ruleset is given to a host");
}

function preference(host: RuleHost, { agent, engine }: OpenRuleJob): number {
  return Number(host.agent === agent) * 2 + Number(!isHealthyAt(host, engine));
}

function noHost(hosts: readonly RuleHost[], engine: string): string {
  if (findRuleHosts(hosts, engine).length > 0) return `No host of ${engine} takes work now: it waits for one.`;
  return `There is no host with ${engine} whose agent can check rulesets: it waits for one.`;
}

function compare(a: RuleHost, b: RuleHost): number {
  return a.rules.jobs.length - b.rules.jobs.length || (a.agent < b.agent ? -1 : 1);
}

/** Tells hosts that show other jobs, or another piece, than they have. */
async function tellHosts({ db, bus }: RulesContext, hosts: readonly RuleHost[]): Promise<void> {
  if (hosts.length === 0) return;
  const open = await readOpenRuleJobs(db);
  for (const host of hosts) {
    const { agent, class: internet, rules } = host;
    const its = open.filter(
      (job) => job.agent === agent && (job.processStartedAt === null || job.processStartedAt.toISOString() === host.startedAt),
    );
    const shows = (job: OpenRuleJob) => {
      const told = rules.jobs.find((one) => one.job === job.job);
      return told !== undefined && (job.kind === "CHECK" || told.taken === job.piece);
    };
    if (its.length === rules.jobs.length && its.every(shows)) continue;
    const jobs: RuleOrder[] = [];
    for (const job of its) jobs.push(await orderOf(db, job));
    bus.account(internet).sendControl(agent, { v: 1, kind: "rules", jobs });
  }
}

async function orderOf(
  db: RulesContext["db"],
  { kind, job, engine, digest, jobId, done, piece }: OpenRuleJob,
): Promise<RuleOrder> {
  if (kind === "CHECK") return { kind, job, engine, digest };
  const samples = (await readPiece(db, jobId, done)).flatMap(({ at, sha256, md5, sha1, size, blob, key }): TriedSample[] => {
    if (sha256 === null || md5 === null || sha1 === null || size === null || blob === null) return [];
    return [{ at, sha256, md5, sha1, size, blob, ...(key === null ? {} : { key }) }];
  });
  return { kind, job, engine, digest, piece, samples };
}
