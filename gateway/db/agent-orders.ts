import { sql } from "kysely";
import type { AgentState } from "../../schema/control.js";
import type { Database, Tx } from "./database.js";

type Order = Exclude<AgentState, "READY">;

/** The ordered state of agents, by id. An agent without an order takes work. */
export async function readOrders(db: Database): Promise<ReadonlyMap<string, Order>> {
  const rows = await db.selectFrom("agent_orders").select(["agent", "state"]).execute();
  return new Map(rows.map(({ agent, state }) => [agent, state]));
}

export async function upsertOrder(tx: Tx, agent: string, state: Order): Promise<void> {
  await tx
    .insertInto("agent_orders")
    .values({ agent, state })
    .onConflict((conflict) => conflict.column("agent").doUpdateSet({ state, ordered_at: sql<Date>`now()` }))
    .execute();
}

/** Deletes an agent's order. Returns whether there was one. */
export async function deleteOrder(tx: Tx, agent: string): Promise<boolean> {
  const deleted = await tx.deleteFrom("agent_orders").where("agent", "=", agent).executeTakeFirst();
  return deleted.numDeletedRows > 0n;
}
