import { engineToken } from "../../schema/subjects.js";
import type { Caller } from "../caller.js";
import { deleteAgentKey, lockAgentName } from "../db/agent-keys.js";
import { deleteAgent } from "../db/agents.js";
import { deleteAgentSettings } from "../db/agent-settings.js";
import { deleteOrder } from "../db/agent-orders.js";
import { audit } from "../db/audit.js";
import { transact } from "../db/database.js";
import { forgetEngine, removeHost } from "../db/engine-hosts.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";
import { lockKnownEngine } from "./engine-actions.js";

/**
 * Forgets an agent that has gone, and its key. Returns the engines that no other agent has. Throws NOT_FOUND, and BAD_INPUT while it is
 * online.
 */
export async function removeAgent(ctx: ScanContext, caller: Caller, agent: string): Promise<readonly string[]> {
  if (ctx.fleet.agents().some((presence) => presence.agent === agent))
    throw new GatewayError("BAD_INPUT", `the agent ${agent} is online: stop it first`);
  const engines = await transact(ctx.db, async (tx) => {
    const keys = (await lockAgentName(tx, agent)).filter(({ state }) => state === "JOINED");
    for (const { publicKey } of keys) await deleteAgentKey(tx, publicKey);
    const hadOrder = await deleteOrder(tx, agent);
    await deleteAgentSettings(tx, agent);
    const isKnown = await deleteAgent(tx, agent);
    const left = await removeHost(tx, agent);
    if (!hadOrder && !isKnown && left === undefined && keys.length === 0)
      throw new GatewayError("NOT_FOUND", `there is no agent ${agent}`);
    await audit(tx, caller, "removeAgent", agent);
    return left ?? [];
  });
  await ctx.accounts?.tellChanges(agent);
  return engines;
}

/** Removes an engine from the catalogue and returns its name. Throws NOT_FOUND, and BAD_INPUT while an agent has it. */
export async function removeEngine(ctx: ScanContext, caller: Caller, name: string): Promise<string> {
  const token = engineToken(name);
  const having = ctx.fleet.agents().filter(({ engines }) => engines.some((engine) => engineToken(engine.name) === token));
  if (having.length > 0) {
    const agents = having.map(({ agent }) => agent).join(", ");
    throw new GatewayError("BAD_INPUT", `${name} is on agents that are online (${agents}): take it from them first`);
  }
  const engine = await transact(ctx.db, async (tx) => {
    const found = await lockKnownEngine(tx, name);
    await forgetEngine(tx, found.engineId);
    await audit(tx, caller, "removeEngine", found.name);
    return found;
  });
  // Every gateway removes the durable as soon as it reads the catalogue.
  await ctx.fleet.refresh();
  return engine.name;
}
