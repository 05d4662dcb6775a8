/**
 * Restarts agents one after the other: each drains and exits, its supervisor starts it again, and once it is healthy the next one follows.
 */

import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { readAgentSettings } from "../db/agent-settings.js";
import { readAgents } from "../db/agents.js";
import { audit } from "../db/audit.js";
import type { Tx } from "../db/database.js";
import {
  endRestart,
  insertRestart,
  lockUnderway,
  markAsked,
  markBack,
  type RollingRestartRecord,
  type UnderwayRestart,
} from "../db/rolling-restarts.js";
import { badInput, GatewayError } from "../errors.js";
import type { PresentAgent } from "../fleet/presence.js";
import type { ScanContext } from "./context.js";

const JUST_HEARD_MS = 60_000;
/** How long an agent may take to drain, exit, start, and get its engines healthy again. */
export const RESTART_LIMIT_MS = 600_000;

/** Begins to restart these agents, or all that are online. Throws BAD_INPUT if one is not online, or if another restart is running. */
export async function restartAgents(
  ctx: ScanContext,
  caller: Caller,
  names: readonly string[] | undefined,
): Promise<RollingRestartRecord> {
  const online = new Map(ctx.fleet.agents().map((one) => [one.agent, one]));
  const agents = [...new Set(names ?? online.keys())];
  if (agents.length === 0) throw badInput("agents", "no agent is online");
  for (const agent of agents) {
    const present = online.get(agent);
    if (!present) throw badInput("agents", `${agent} is not online`);
    if (isOlder(present)) throw badInput("agents", `${agent} ${OLDER}`);
  }
  return beginRestart(ctx, caller, agents);
}

/** Begins to restart these agents in this order. Throws BAD_INPUT if another restart is running. */
export async function beginRestart(
  { db }: Pick<ScanContext, "db">,
  caller: Caller,
  agents: readonly string[],
): Promise<RollingRestartRecord> {
  return db.transaction().execute(async (tx) => {
    const begun = await insertRestart(tx, agents);
    if (!begun) throw new GatewayError("BAD_INPUT", "agents are being restarted now: wait until that is done, or stop it");
    await audit(tx, caller, "restartAgents", String(begun.id), { agents });
    return begun;
  });
}

/** Stops the running restart; the current agent still finishes. Throws NOT_FOUND. */
export async function stopRestart(ctx: ScanContext, caller: Caller): Promise<RollingRestartRecord> {
  return ctx.db.transaction().execute(async (tx) => {
    const stopped = await endRestart(tx, "STOPPED", null);
    if (!stopped) throw new GatewayError("NOT_FOUND", "no agents are being restarted");
    await audit(tx, caller, "stopRestart", String(stopped.id));
    return stopped;
  });
}

/** Does the next step of the running restart. Gateways may call it concurrently. */
export async function continueRestart(ctx: ScanContext): Promise<void> {
  await ctx.db.transaction().execute(async (tx) => {
    const underway = await lockUnderway(tx);
    if (underway) await step(ctx, tx, underway);
  });
}

async function step(ctx: ScanContext, tx: Tx, underway: UnderwayRestart): Promise<void> {
  const { id, agents, done, processStartedAt, healthy, askedMs } = underway;
  const agent = agents[done] ?? "";
  const present = ctx.fleet.agents().find((one) => one.agent === agent);
  if (processStartedAt === null) {
    if (!present && (await wasJustHeard(ctx, agent))) return;
    if (!present)
      return void (await endRestart(tx, "FAILED", `${agent} went offline before its turn came: start it, then begin again.`));
    if (isOlder(present)) return void (await endRestart(tx, "FAILED", `${agent} ${OLDER}.`));
    await markAsked(tx, id, present.startedAt, healthyNames(present));
    return tell(ctx, present, present.startedAt);
  }
  const before = processStartedAt.toISOString();
  if (present && present.startedAt !== before && (await hasSettings(tx, present)) && isBack(present, healthy ?? [])) {
    ctx.log.info({ agent }, "an agent was restarted and is well");
    return markBack(tx, underway, done + 1);
  }
  if ((askedMs ?? 0) > RESTART_LIMIT_MS)
    return void (await endRestart(tx, "FAILED", problemOf(agent, present, before, healthy ?? [])));
  // The previous message may have been lost.
  if (present?.startedAt === before) tell(ctx, present, before);
}

/** A gateway that has just started may not have heard the agent yet. */
async function wasJustHeard({ db }: ScanContext, agent: string): Promise<boolean> {
  const known = (await readAgents(db)).find((one) => one.agent === agent);
  return known !== undefined && Date.now() - known.lastHeardAt.getTime() < JUST_HEARD_MS;
}

/** Whether it has applied the mesh's settings. It starts with its host's settings, and applying the mesh's may restart its engines. */
async function hasSettings(tx: Tx, { agent, settings }: PresentAgent): Promise<boolean> {
  const wanted = (await readAgentSettings(tx)).find((one) => one.agent === agent);
  return settings?.revision === (wanted?.revision ?? 0);
}

const OLDER = "is of an older version, which cannot be told to restart: restart it on its host";

function isOlder({ settings }: PresentAgent): boolean {
  return settings === undefined;
}

function tell({ bus }: ScanContext, { agent, class: internet }: PresentAgent, startedAt: string): void {
  bus.account(internet).sendControl(agent, { v: 1, kind: "restart", startedAt });
}

/** Whether all engines that were healthy before and still exist are healthy again. */
function isBack({ engines }: PresentAgent, healthy: readonly string[]): boolean {
  const its = new Map(engines.map((engine) => [engineToken(engine.name), engine.healthy]));
  return healthy.every((name) => its.get(engineToken(name)) ?? true);
}

function healthyNames({ engines }: PresentAgent): string[] {
  return engines.filter((engine) => engine.healthy).map(({ name }) => name);
}

function problemOf(agent: string, present: PresentAgent | undefined, before: string, healthy: readonly string[]): string {
  const limit = `within ${RESTART_LIMIT_MS / 60_000} minutes`;
  if (!present) return `${agent} has ended and was not started again ${limit}: start it on its host.`;
  if (present.startedAt === before) return `${agent} has not ended ${limit}: look at its log on its host, then begin again.`;
  const ill = present.engines.filter((engine) => !engine.healthy && healthy.includes(engine.name));
  return `${agent} is back, but not well ${limit}: ${ill.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}`;
}
