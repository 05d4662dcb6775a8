import { sql } from "kysely";
import type { AgentState } from "../../schema/messages.js";
import type { Database, Tx } from "./database.js";

type Order = Exclude<AgentState, "READY">;

/** What agents are to be, by their ids; an agent that is not named is to take work. */
export async function readOrders(db: Database): Promise<ReadonlyMap<string, Order>> {
  const rows = await db.selectFrom("agent_orders").select(["agent", "state"]).execute();
  return new Map(rows.map(({ agent, state }) => [agent, state]));
}

export async function orderAgent(tx: Tx, agent: string, state: Order): Promise<void> {
  await tx
    .insertInto("agent_orders")
    .values({ agent, state })
    .onConflict((conflict) => conflict.column("agent").doUpdateSet({ state, ordered_at: sql<Date>`now()` }))
    .execute();
}

/** Whether there was an order. */
export async function withdrawOrder(tx: Tx, agent: string): Promise<boolean> {
  const deleted = await tx.deleteFrom("agent_orders").where("agent", "=", agent).executeTakeFirst();
  return deleted.numDeletedRows > 0n;
}
