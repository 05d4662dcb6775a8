/** Rolls updates out: first to one host, then to the others, or back. The progress is in Postgres, so any gateway can go on. */

import { internetClass } from "../../schema/classes.js";
import type { EngineUpdateState } from "../../schema/update-states.js";
import type { Tx } from "../db/database.js";
import { readTargetAgents, readTargets, setTargets, targetsOf } from "../db/engine-targets.js";
import {
  changeUpdateHost,
  countFetching,
  insertUpdateHosts,
  readUnderwayHosts,
  type UnderwayHost,
} from "../db/engine-update-hosts.js";
import {
  changeUpdate,
  readCanaryTurns,
  readOpenUpdates,
  readOtherUpdates,
  readUpdate,
  tryLockUpdates,
  type UpdateRecord,
} from "../db/engine-updates.js";
import { readHostWindows, type HostWindow } from "../db/update-windows.js";
import type { UpdateContext } from "./context.js";
import { findUpdatableHosts, type UpdatableHost } from "./updatable-hosts.js";
import { judge } from "./canary.js";
import { followHost, GONE_MS } from "./follow-host.js";
import { waitsForWindows, findStartDelay, findPause } from "./may-begin.js";
import { noteWaits } from "./note-waits.js";
import { nextCanaryStep, nextRollingStep, nextRollbackStep, type Step } from "./next-step.js";
import { restoreTargets, restartCanaries } from "./plan-update.js";
import { tellTargets } from "./tell-targets.js";

/** An update within a transaction, and the hosts that are present. */
interface Rollout {
  readonly ctx: UpdateContext;
  readonly tx: Tx;
  readonly update: UpdateRecord;
  readonly updatable: ReadonlyMap<string, UpdatableHost>;
  /** Hosts whose update windows are closed. Rollbacks do not wait for windows. */
  readonly closed: readonly HostWindow[];
  /** NATS has been up long enough for every present host to announce itself. */
  readonly isHeard: boolean;
  /** NATS has been up long enough to say that a silent host is away, and one without progress is stuck. */
  readonly isSettled: boolean;
}

/** Agents announce themselves every few seconds, so after this time all that are present have done so. */
const ALL_HEARD_MS = 15_000;

/** Takes the next step of each open update. Several gateways may do so at once: a lock for each engine keeps them apart. */
export async function continueUpdates(ctx: UpdateContext): Promise<void> {
  for (const { id, engineId, engine, set, internet } of await readOpenUpdates(ctx.db)) {
    const upMs = ctx.bus.account(internetClass(internet)).connection.upMs();
    if (upMs === 0) continue;
    try {
      await ctx.db.transaction().execute(async (tx) => {
        if (!(await tryLockUpdates(tx, engineId))) return;
        const update = await readUpdate(tx, id);
        if (!update) return;
        const updatable = findUpdatableHosts(ctx.fleet, update);
        const closed = update.cause === "ROLLBACK" ? [] : (await readHostWindows(tx)).filter(({ isOpen }) => !isOpen);
        await continueOne({ ctx, tx, update, updatable, closed, isHeard: upMs > ALL_HEARD_MS, isSettled: upMs > GONE_MS });
      });
    } catch (error) {
      ctx.log.warn({ err: error, engine, set }, "an update of an engine does not go on; it is tried again");
    }
  }
  await tellTargets(ctx);
}

async function continueOne(rollout: Rollout): Promise<void> {
  const { state } = rollout.update;
  if (state === "PENDING") return begin(rollout);
  if (state !== "CANARY" && state !== "ROLLING" && state !== "HELD") return;
  const { tx, update, updatable } = rollout;
  // A host reports one progress for all sets of an engine, and now it is that of the rollback.
  if (update.cause !== "ROLLBACK" && (await readOtherUpdates(tx, update)).isGoingBack)
    return noteWaits(tx, update, { for: "another set of the engine, which is on its way back", until: null });
  if (state === "ROLLING") await insertUpdateHosts(tx, update.id, [...updatable.keys()]);
  const hosts = await follow(rollout);
  const step = await nextStep(rollout, hosts);
  const waits = PAUSABLE_STEPS.has(step.kind) ? await findPause(tx, update) : undefined;
  if (waits) return noteWaits(tx, update, waits);
  await carryOut(rollout, step, isAlone(rollout, hosts));
}

/** The steps that a pause puts off. */
const PAUSABLE_STEPS: ReadonlySet<Step["kind"]> = new Set(["BEGIN", "CANARY", "JUDGE"]);

async function begin({ ctx, tx, update, updatable }: Rollout): Promise<void> {
  if (updatable.size === 0) return noteWaits(tx, update, { for: "a host with the engine that takes bundles", until: null });
  if (update.cause === "ROLLBACK") await restartCanaries(tx, update);
  const others = await readOtherUpdates(tx, update);
  const isHeldUp = update.cause === "ROLLBACK" ? others.isChanging || others.isGoingBack : others.isUnderway;
  if (isHeldUp) return noteWaits(tx, update, { for: "the update of another set of the engine", until: null });
  const waits = await findStartDelay(tx, update);
  if (waits) return noteWaits(tx, update, waits);
  await insertUpdateHosts(tx, update.id, [...updatable.keys()]);
  const state: EngineUpdateState = update.skipCanary ? "ROLLING" : "CANARY";
  await changeUpdate(tx, update.id, { state });
  ctx.log.info({ engine: update.engine, set: update.set, to: update.toBundle?.version ?? null }, "an update of an engine begins");
}

/** Records the progress of the hosts. */
async function follow({ tx, update, updatable, isSettled }: Rollout): Promise<UnderwayHost[]> {
  const targets = await readTargets(tx, update.engineId);
  const role = update.state === "HELD" ? "HELD" : update.state === "CANARY" ? "CANARY" : "OTHER";
  let isChanged = false;
  for (const host of await readUnderwayHosts(tx, update.id)) {
    if (!isSettled && !updatable.has(host.agent)) continue;
    const wanted = targetsOf(targets, update.engine, host.agent);
    const change = followHost(host, updatable.get(host.agent), wanted, host.agent === update.canary ? role : "OTHER");
    if (!change) continue;
    await changeUpdateHost(tx, update.id, change);
    isChanged = true;
  }
  const hosts = await readUnderwayHosts(tx, update.id);
  if (isChanged) await noteCanary(tx, update, hosts);
  return isSettled ? hosts : hosts.map((host) => ({ ...host, stillMs: 0 }));
}

/** When a canary's engine restarts, its time as canary starts again, too. */
async function noteCanary(tx: Tx, update: UpdateRecord, hosts: readonly UnderwayHost[]): Promise<void> {
  if (update.state !== "CANARY") return;
  const serves = hosts.some(({ agent, state }) => agent === update.canary && state === "CANARY");
  if (serves !== (update.canarySince !== null)) await changeUpdate(tx, update.id, { canaryServes: serves, waits: null });
}

async function nextStep(rollout: Rollout, hosts: readonly UnderwayHost[]): Promise<Step> {
  const { tx, update } = rollout;
  const closed = new Set(rollout.closed.map(({ agent }) => agent));
  if (update.state === "ROLLING") {
    const limits = { fetching: await countFetching(tx, update), closed };
    return update.cause === "ROLLBACK" ? nextRollbackStep(hosts, limits) : nextRollingStep(hosts, limits);
  }
  const candidates = await findCandidates(rollout);
  const open = candidates.filter((agent) => !closed.has(agent));
  const step = nextCanaryStep(update.canary, hosts, open);
  if (update.state === "HELD" && step.kind !== "ROLL_BACK") return { kind: "WAIT" };
  const isShut = step.kind === "WAIT" && update.canary === null && open.length === 0 && candidates.length > 0;
  return isShut ? { kind: "WINDOWS", agents: candidates } : step;
}

/** Hosts that may be the canary: ready and healthy ones first, and among them the one whose last turn is longest ago. */
async function findCandidates({ tx, update, updatable }: Rollout): Promise<string[]> {
  const turns = await readCanaryTurns(tx, update);
  const tells = ({ present, engine }: UpdatableHost) => Number(present.state === "READY" && engine.healthy);
  const turn = (agent: string) => turns.get(agent) ?? 0;
  return [...updatable]
    .toSorted(([a, one], [b, other]) => tells(other) - tells(one) || turn(a) - turn(b))
    .map(([agent]) => agent);
}

/** Whether waiting protects nobody: there is no other host, or all others serve the bundle already. */
function isAlone({ update, updatable, isHeard }: Rollout, hosts: readonly UnderwayHost[]): boolean {
  const isOther = (agent: string) => agent !== update.canary && !servesIt(updatable.get(agent), update);
  const others = hosts.filter(({ agent, state }) => state !== "GONE" && isOther(agent));
  return isHeard && others.length === 0 && ![...updatable.keys()].some(isOther);
}

function servesIt(host: UpdatableHost | undefined, { set, toBundle }: UpdateRecord): boolean {
  return host?.bundles.serving.some((one) => one.set === set && one.digest === toBundle?.digest) === true;
}

async function carryOut(rollout: Rollout, step: Step, alone: boolean): Promise<void> {
  const { ctx, tx, update } = rollout;
  switch (step.kind) {
    case "WAIT":
      return noteWaits(tx, update, step.for === undefined ? null : { for: step.for, until: null });
    case "WINDOWS":
      return noteWaits(tx, update, waitsForWindows(rollout.closed.filter(({ agent }) => step.agents.includes(agent))));
    case "CANARY":
      await insertUpdateHosts(tx, update.id, [step.agent]);
      await changeUpdate(tx, update.id, { canary: step.agent, canaryServes: false, waits: null });
      return tellHosts(rollout, [step.agent]);
    case "BEGIN":
      return tellHosts(rollout, step.agents);
    case "JUDGE":
      return judge(ctx, tx, update, alone);
    case "DONE":
      return finish(rollout);
    case "ROLL_BACK":
      ctx.log.warn({ engine: update.engine, set: update.set, reason: step.reason }, "an update is rolled back");
      return rollBack(tx, update, step);
  }
}

/** Makes the new bundle the target of these hosts. The messages to their agents are sent after the commit. */
async function tellHosts({ tx, update, updatable }: Rollout, agents: readonly string[]): Promise<void> {
  await setTargets(tx, { ...update, agents, bundleId: update.toBundle?.id ?? null });
  for (const agent of agents) {
    const processStartedAt = updatable.get(agent)?.present.startedAt;
    await changeUpdateHost(tx, update.id, { agent, begins: true, ...(processStartedAt !== undefined && { processStartedAt }) });
  }
}

/** Gives all hosts their previous bundle again, and closes the update. */
async function rollBack(
  tx: Tx,
  update: UpdateRecord,
  { reason, isRetried }: Extract<Step, { kind: "ROLL_BACK" }>,
): Promise<void> {
  await restoreTargets(tx, update);
  await changeUpdate(tx, update.id, {
    state: "ROLLED_BACK",
    reason,
    ...(isRetried && { evidence: { ...update.evidence, isRetried } }),
  });
}

/** Closes the update. Hosts that were away get the new bundle as target, too, and follow when they come back. */
async function finish({ ctx, tx, update }: Rollout): Promise<void> {
  const agents = await readTargetAgents(tx, update.engineId, update.set);
  await setTargets(tx, { ...update, agents, bundleId: update.toBundle?.id ?? null });
  await changeUpdate(tx, update.id, { state: "DONE" });
  ctx.log.info(
    { engine: update.engine, set: update.set, to: update.toBundle?.version ?? null },
    "an update of an engine is done",
  );
}
