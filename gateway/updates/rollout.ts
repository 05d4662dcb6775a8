/** Updates of engines: a first host, then the others, or back by itself. Postgres holds how far it is, so any gateway goes on. */

import { internetClass } from "../../schema/classes.js";
import type { EngineUpdateState } from "../../schema/update-states.js";
import type { Tx } from "../db/database.js";
import { readTargetAgents, readTargets, setTargets, targetsOf } from "../db/engine-targets.js";
import { changeUpdateHost, insertUpdateHosts, readUnderwayHosts, type UnderwayHost } from "../db/engine-update-hosts.js";
import {
  changeUpdate,
  isOtherUnderway,
  readOpenUpdates,
  readUpdate,
  tryLockUpdates,
  type UpdateRecord,
} from "../db/engine-updates.js";
import type { UpdateContext } from "./context.js";
import { findAbleHosts, type AbleHost } from "./able-hosts.js";
import { judge } from "./canary.js";
import { followHost, GONE_MS } from "./follow-host.js";
import { mayBegin, mayGoOn } from "./may-begin.js";
import { stepOfCanary, stepOfRolling, stepOfWayBack, type Step } from "./next-step.js";
import { giveBack, putOffCanaries } from "./plan-update.js";
import { tellTargets } from "./tell-targets.js";

/** An update in its transaction, with the hosts that are there. */
interface Underway {
  readonly ctx: UpdateContext;
  readonly tx: Tx;
  readonly update: UpdateRecord;
  readonly able: ReadonlyMap<string, AbleHost>;
  /** NATS has been there so long that a host which is not heard is away, and one that comes no further is stuck. */
  readonly isSettled: boolean;
}

/** Does what is next of each update that is not over. Any number of gateways may do so. */
export async function continueUpdates(ctx: UpdateContext): Promise<void> {
  for (const { id, engineId, engine, set, internet } of await readOpenUpdates(ctx.db)) {
    const upMs = ctx.bus.account(internetClass(internet)).connection.upMs();
    if (upMs === 0) continue;
    try {
      await ctx.db.transaction().execute(async (tx) => {
        if (!(await tryLockUpdates(tx, engineId))) return;
        const update = await readUpdate(tx, id);
        if (update) await continueOne({ ctx, tx, update, able: findAbleHosts(ctx.fleet, update), isSettled: upMs > GONE_MS });
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
  if (state === "ROLLING") await insertUpdateHosts(underway.tx, underway.update.id, [...underway.able.keys()]);
  const hosts = await follow(underway);
  const step = nextStep(underway, hosts);
  if (ONWARD.has(step.kind) && !(await mayGoOn(underway.tx, underway.update))) return;
  await carryOut(underway, step);
}

/** What a pause puts off. */
const ONWARD: ReadonlySet<Step["kind"]> = new Set(["BEGIN", "CANARY", "JUDGE"]);

async function begin({ ctx, tx, update, able }: Underway): Promise<void> {
  if (able.size === 0) return;
  if (update.cause === "ROLLBACK") await putOffCanaries(tx, update);
  if ((await isOtherUnderway(tx, update.engineId, update.id)) || !(await mayBegin(tx, update))) return;
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
  if (serves !== (update.canarySince !== null)) await changeUpdate(tx, update.id, { canaryServes: serves });
}

function nextStep({ update, able }: Underway, hosts: readonly UnderwayHost[]): Step {
  if (update.state === "ROLLING") return update.cause === "ROLLBACK" ? stepOfWayBack(hosts) : stepOfRolling(hosts);
  const step = stepOfCanary(update.canary, hosts, candidatesOf(able));
  return update.state === "HELD" && step.kind !== "ROLL_BACK" ? { kind: "WAIT" } : step;
}

/** Hosts whose answers will tell most, first. */
function candidatesOf(able: ReadonlyMap<string, AbleHost>): string[] {
  const tells = ({ present, engine }: AbleHost) => Number(present.state === "READY" && engine.healthy);
  return [...able].toSorted(([, one], [, other]) => tells(other) - tells(one)).map(([agent]) => agent);
}

async function carryOut(underway: Underway, step: Step): Promise<void> {
  const { ctx, tx, update } = underway;
  switch (step.kind) {
    case "WAIT":
      return;
    case "CANARY":
      await insertUpdateHosts(tx, update.id, [step.agent]);
      await changeUpdate(tx, update.id, { canary: step.agent, canaryServes: false });
      return tellHosts(underway, [step.agent]);
    case "BEGIN":
      return tellHosts(underway, step.agents);
    case "JUDGE":
      return judge(ctx, tx, update);
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
