import type { AgentState } from "../../schema/messages.js";
import type { Caller } from "../caller.js";
import { orderAgent, readOrders, withdrawOrder } from "../db/agent-orders.js";
import { audit } from "../db/audit.js";
import { GatewayError } from "../errors.js";
import type { ScanContext } from "./context.js";

const VERBS: Record<AgentState, string> = { READY: "resumeAgent", CORDONED: "cordonAgent", DRAINING: "drainAgent" };

/**
 * Says what an agent is to be until somebody says otherwise, restarts of it included: the order is kept, and told again and
 * again while the agent's presence says something else. Throws NOT_FOUND for an agent that is neither there nor under an order.
 */
export async function setAgentState(ctx: ScanContext, caller: Caller, agent: string, state: AgentState): Promise<void> {
  const there = ctx.fleet.agents().some((presence) => presence.agent === agent);
  await ctx.db.transaction().execute(async (tx) => {
    const before = await withdrawOrder(tx, agent);
    if (!there && !before) throw new GatewayError("NOT_FOUND", `there is no agent ${agent}`);
    if (state !== "READY") await orderAgent(tx, agent, state);
    await audit(tx, caller, VERBS[state], agent);
  });
  tellState(ctx, agent, state);
}

/** Tells agents again whose presence says something else than they were told: they did not hear it, or were started anew. */
export async function repeatOrders(ctx: ScanContext): Promise<void> {
  for (const { agent, internet, engine, reason } of ctx.fleet.staleRefusals()) {
    ctx.bus.account(internet).tell(agent, { v: 1, kind: "refuse", engine, reason });
  }
  const orders = await readOrders(ctx.db);
  for (const { agent, state } of ctx.fleet.agents()) {
    const wanted = orders.get(agent) ?? "READY";
    if (wanted !== state) tellState(ctx, agent, wanted);
  }
}

function tellState({ bus, fleet }: ScanContext, agent: string, state: AgentState): void {
  const classes = fleet.agents().filter((presence) => presence.agent === agent);
  for (const { class: internet } of classes) bus.account(internet).tell(agent, { v: 1, kind: "state", state });
}
