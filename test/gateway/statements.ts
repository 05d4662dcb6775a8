/** Counts the statements that this process sends to Postgres. */

import pg from "pg";
import { vi } from "vitest";
import { until } from "../stage.js";

/** The statements that some work sends, once nothing else is under way. Background work must be rare in this process. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this`
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  const spy = vi.spyOn(pg.Client.prototype, "query").mockImplementation(function spied(this: pg.Client, ...args: unknown[]) {
    const [first] = args;
    sent.push(typeof first === "string" ? first : (first as { text: string }).text);
    return query.apply(this, args) as never;
  });
  try {
    let before = -1;
    await until("nothing else is sent", async () => {
      before = sent.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return sent.length === before;
    });
    sent.length = 0;
    await work();
    return [...sent];
  } finally {
    spy.mockRestore();
  }
}
