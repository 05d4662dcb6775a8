import type { AgentState } from "../../schema/control.js";
import type { Caller } from "../caller.js";
import { upsertOrder, readOrders, deleteOrder } from "../db/agent-orders.js";
import { audit } from "../db/audit.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

const AUDIT_ACTIONS: Record<AgentState, string> = { READY: "resumeAgent", CORDONED: "cordonAgent", DRAINING: "drainAgent" };

/**
 * Orders an agent into a state until the next order, across restarts: the order is stored, and repeated while the agent's presence shows
 * another state. Throws NOT_FOUND for an agent that is neither present nor under an order.
 */
export async function setAgentState(ctx: ScanContext, caller: Caller, agent: string, state: AgentState): Promise<void> {
  const isPresent = ctx.fleet.agents().some((presence) => presence.agent === agent);
  await ctx.db.transaction().execute(async (tx) => {
    const hadOrder = await deleteOrder(tx, agent);
    if (!isPresent && !hadOrder) throw new GatewayError("NOT_FOUND", `there is no agent ${agent}`);
    if (state !== "READY") await upsertOrder(tx, agent, state);
    await audit(tx, caller, AUDIT_ACTIONS[state], agent);
  });
  sendState(ctx, agent, state);
}

/** Repeats orders to agents whose presence differs, because the message was lost or the agent has restarted. */
export async function repeatOrders(ctx: ScanContext): Promise<void> {
  for (const { agent, internet, engine, reason } of ctx.fleet.staleRefusals()) {
    ctx.bus.account(internet).sendControl(agent, { v: 1, kind: "refuse", engine, reason });
  }
  const orders = await readOrders(ctx.db);
  for (const { agent, state } of ctx.fleet.agents()) {
    const wanted = orders.get(agent) ?? "READY";
    if (wanted !== state) sendState(ctx, agent, wanted);
  }
}

function sendState({ bus, fleet }: ScanContext, agent: string, state: AgentState): void {
  const classes = fleet.agents().filter((presence) => presence.agent === agent);
  for (const { class: accountClass } of classes) bus.account(accountClass).sendControl(agent, { v: 1, kind: "state", state });
}
