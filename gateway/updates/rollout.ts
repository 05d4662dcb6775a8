/** Updates of engines: a first host, then the others, or back by itself. Postgres holds how far it is, so any gateway goes on. */

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
import { findAbleHosts, type AbleHost } from "./able-hosts.js";
import { judge } from "./canary.js";
import { followHost, GONE_MS } from "./follow-host.js";
import { waitsForWindows, waitsToBegin, waitsToGoOn } from "./may-begin.js";
import { noteWaits } from "./note-waits.js";
import { stepOfCanary, stepOfRolling, stepOfWayBack, type Step } from "./next-step.js";
import { giveBack, putOffCanaries } from "./plan-update.js";
import { tellTargets } from "./tell-targets.js";

/** An update in its transaction, with the hosts that are there. */
interface Underway {
  readonly ctx: UpdateContext;
  readonly tx: Tx;
  readonly update: UpdateRecord;
  readonly able: ReadonlyMap<string, AbleHost>;
  /** Hosts whose update windows are closed. No way back waits for them. */
  readonly closed: readonly HostWindow[];
  /** NATS has been there so long that every host which is there was heard. */
  readonly isHeard: boolean;
  /** NATS has been there so long that a host which is not heard is away, and one that comes no further is stuck. */
  readonly isSettled: boolean;
}

/** Agents are heard every few seconds. */
const ALL_HEARD_MS = 15_000;

/** Does what is next of each update that is not over. Any number of gateways may do so. */
export async function continueUpdates(ctx: UpdateContext): Promise<void> {
  for (const { id, engineId, engine, set, internet } of await readOpenUpdates(ctx.db)) {
    const upMs = ctx.bus.account(internetClass(internet)).connection.upMs();
    if (upMs === 0) continue;
    try {
      await ctx.db.transaction().execute(async (tx) => {
        if (!(await tryLockUpdates(tx, engineId))) return;
        const update = await readUpdate(tx, id);
        if (!update) return;
        const able = findAbleHosts(ctx.fleet, update);
        const closed = update.cause === "ROLLBACK" ? [] : (await readHostWindows(tx)).filter(({ isOpen }) => !isOpen);
        await continueOne({ ctx, tx, update, able, closed, isHeard: upMs > ALL_HEARD_MS, isSettled: upMs > GONE_MS });
      });
    } catch (error) {
      ctx.log.warn({ err: error, engine, set }, "an update of an engine does not go on; it is tried again");
    }
  }
  await tellTargets(ctx);
}

async function continueOne(underway: Underway): Promise<void> {
  const { state } = underway.update;
  if (state === "PENDING") return begin(underway);
  if (state !== "CANARY" && state !== "ROLLING" && state !== "HELD") return;
  const { tx, update, able } = underway;
  // What hosts say meanwhile is about the way back.
  if (update.cause !== "ROLLBACK" && (await readOtherUpdates(tx, update)).isGoingBack)
    return noteWaits(tx, update, { for: "another set of the engine, which is on its way back", until: null });
  if (state === "ROLLING") await insertUpdateHosts(tx, update.id, [...able.keys()]);
  const hosts = await follow(underway);
  const step = await nextStep(underway, hosts);
  const waits = ONWARD.has(step.kind) ? await waitsToGoOn(tx, update) : undefined;
  if (waits) return noteWaits(tx, update, waits);
  await carryOut(underway, step, isAlone(underway, hosts));
}

/** What a pause puts off. */
const ONWARD: ReadonlySet<Step["kind"]> = new Set(["BEGIN", "CANARY", "JUDGE"]);

async function begin({ ctx, tx, update, able }: Underway): Promise<void> {
  if (able.size === 0) return noteWaits(tx, update, { for: "a host with the engine that takes bundles", until: null });
  if (update.cause === "ROLLBACK") await putOffCanaries(tx, update);
  const others = await readOtherUpdates(tx, update);
  const isHeldUp = update.cause === "ROLLBACK" ? others.isChanging || others.isGoingBack : others.isUnderway;
  if (isHeldUp) return noteWaits(tx, update, { for: "the update of another set of the engine", until: null });
  const waits = await waitsToBegin(tx, update);
  if (waits) return noteWaits(tx, update, waits);
  await insertUpdateHosts(tx, update.id, [...able.keys()]);
  const state: EngineUpdateState = update.skipCanary ? "ROLLING" : "CANARY";
  await changeUpdate(tx, update.id, { state });
  ctx.log.info({ engine: update.engine, set: update.set, to: update.toBundle?.version ?? null }, "an update of an engine begins");
}

/** Notes how far the hosts are. */
async function follow({ tx, update, able, isSettled }: Underway): Promise<UnderwayHost[]> {
  const targets = await readTargets(tx, update.engineId);
  const role = update.state === "HELD" ? "HELD" : update.state === "CANARY" ? "CANARY" : "OTHER";
  let isChanged = false;
  for (const host of await readUnderwayHosts(tx, update.id)) {
    if (!isSettled && !able.has(host.agent)) continue;
    const wanted = targetsOf(targets, update.engine, host.agent);
    const change = followHost(host, able.get(host.agent), wanted, host.agent === update.canary ? role : "OTHER");
    if (!change) continue;
    await changeUpdateHost(tx, update.id, change);
    isChanged = true;
  }
  const hosts = await readUnderwayHosts(tx, update.id);
  if (isChanged) await noteCanary(tx, update, hosts);
  return isSettled ? hosts : hosts.map((host) => ({ ...host, stillMs: 0 }));
}

/** The time of a canary that was started anew begins anew, too. */
async function noteCanary(tx: Tx, update: UpdateRecord, hosts: readonly UnderwayHost[]): Promise<void> {
  if (update.state !== "CANARY") return;
  const serves = hosts.some(({ agent, state }) => agent === update.canary && state === "CANARY");
  if (serves !== (update.canarySince !== null)) await changeUpdate(tx, update.id, { canaryServes: serves, waits: null });
}

async function nextStep(underway: Underway, hosts: readonly UnderwayHost[]): Promise<Step> {
  const { tx, update } = underway;
  const closed = new Set(underway.closed.map(({ agent }) => agent));
  if (update.state === "ROLLING") {
    const limits = { fetching: await countFetching(tx, update), closed };
    return update.cause === "ROLLBACK" ? stepOfWayBack(hosts, limits) : stepOfRolling(hosts, limits);
  }
  const candidates = await findCandidates(underway);
  const open = candidates.filter((agent) => !closed.has(agent));
  const step = stepOfCanary(update.canary, hosts, open);
  if (update.state === "HELD" && step.kind !== "ROLL_BACK") return { kind: "WAIT" };
  const isShut = step.kind === "WAIT" && update.canary === null && open.length === 0 && candidates.length > 0;
  return isShut ? { kind: "WINDOWS", agents: candidates } : step;
}

/** Hosts that may be the canary: those first whose answers will tell most, and of them who was it longest ago. */
async function findCandidates({ tx, update, able }: Underway): Promise<string[]> {
  const turns = await readCanaryTurns(tx, update);
  const tells = ({ present, engine }: AbleHost) => Number(present.state === "READY" && engine.healthy);
  const turn = (agent: string) => turns.get(agent) ?? 0;
  return [...able].toSorted(([a, one], [b, other]) => tells(other) - tells(one) || turn(a) - turn(b)).map(([agent]) => agent);
}

/** Whether no host is left that the canary's time protects: there is no other, or all of them serve the bundle already. */
function isAlone({ update, able, isHeard }: Underway, hosts: readonly UnderwayHost[]): boolean {
  const isOther = (agent: string) => agent !== update.canary && !servesIt(able.get(agent), update);
  const others = hosts.filter(({ agent, state }) => state !== "GONE" && isOther(agent));
  return isHeard && others.length === 0 && ![...able.keys()].some(isOther);
}

function servesIt(host: AbleHost | undefined, { set, toBundle }: UpdateRecord): boolean {
  return host?.bundles.serving.some((one) => one.set === set && one.digest === toBundle?.digest) === true;
}

async function carryOut(underway: Underway, step: Step, alone: boolean): Promise<void> {
  const { ctx, tx, update } = underway;
  switch (step.kind) {
    case "WAIT":
      return noteWaits(tx, update, step.for === undefined ? null : { for: step.for, until: null });
    case "WINDOWS":
      return noteWaits(tx, update, waitsForWindows(underway.closed.filter(({ agent }) => step.agents.includes(agent))));
    case "CANARY":
      await insertUpdateHosts(tx, update.id, [step.agent]);
      await changeUpdate(tx, update.id, { canary: step.agent, canaryServes: false, waits: null });
      return tellHosts(underway, [step.agent]);
    case "BEGIN":
      return tellHosts(underway, step.agents);
    case "JUDGE":
      return judge(ctx, tx, update, alone);
    case "DONE":
      return finish(underway);
    case "ROLL_BACK":
      ctx.log.warn({ engine: update.engine, set: update.set, reason: step.reason }, "an update is rolled back");
      return rollBack(tx, update, step);
  }
}

/** Their target is the new bundle from now on; the messages leave after the commit. */
async function tellHosts({ tx, update, able }: Underway, agents: readonly string[]): Promise<void> {
  await setTargets(tx, { ...update, agents, bundleId: update.toBundle?.id ?? null });
  for (const agent of agents) {
    const processStartedAt = able.get(agent)?.present.startedAt;
    await changeUpdateHost(tx, update.id, { agent, begins: true, ...(processStartedAt !== undefined && { processStartedAt }) });
  }
}

/** All hosts serve again what they served before. */
async function rollBack(
  tx: Tx,
  update: UpdateRecord,
  { reason, isRetried }: Extract<Step, { kind: "ROLL_BACK" }>,
): Promise<void> {
  await giveBack(tx, update);
  await changeUpdate(tx, update.id, {
    state: "ROLLED_BACK",
    reason,
    ...(isRetried && { evidence: { ...update.evidence, isRetried } }),
  });
}

/** Hosts that were away get the new bundle when they come back. */
async function finish({ ctx, tx, update }: Underway): Promise<void> {
  const agents = await readTargetAgents(tx, update.engineId, update.set);
  await setTargets(tx, { ...update, agents, bundleId: update.toBundle?.id ?? null });
  await changeUpdate(tx, update.id, { state: "DONE" });
  ctx.log.info(
    { engine: update.engine, set: update.set, to: update.toBundle?.version ?? null },
    "an update of an engine is done",
  );
}
