/** The statements that gateways of this process send to Postgres. */

import pg from "pg";
import { vi } from "vitest";

/** What a gateway reads and writes by itself, at any time. */
const BACKGROUND =
  /^\s*(insert|update|delete|begin|commit|rollback|set|listen)\b|\b(hourly_\w+|webhook\w*|outbox|uploads|sweep_\w+|idempotency_keys|api_keys|sample_removals|removals|overdue|agent_orders|removed_at|clock_timestamp)\b|where internet_chunks is not null|from "engines" [^()]*order by lower\(name\)$/i;

const READ = /\b(scans|results|samples|engines|ruleset_files|mistakes)\b/i;

/** What some work reads of scans, results, samples, engines and rulesets, statement by statement. */
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
    await work();
    return sent.filter((text) => READ.test(text) && !BACKGROUND.test(text));
  } finally {
    spy.mockRestore();
  }
}
