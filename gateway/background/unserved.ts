import { engineToken } from "../../schema/subjects.js";
import { transact } from "../db/database.js";
import { raiseResults } from "../db/results.js";
import { lockUnserved, type UnservedResult } from "../db/unserved.js";
import { announce } from "../scan/announce.js";
import type { RowBatches } from "../batches/row-batches.js";
import type { ScanContext } from "../scan/context.js";
import { unansweredResult } from "../scan/withdraw.js";

/** The most results that are closed in one batch. */
export const UNSERVED_BATCH = 500;

/**
 * Closes open results of engines that no agent has any more, or that do not work on any agent that has them. A late answer still counts.
 */
export async function closeUnserved(ctx: ScanContext, batches: RowBatches): Promise<void> {
  const engines = ctx.fleet.agents().flatMap((agent) => agent.engines);
  const present = engines.map(({ name }) => engineToken(name));
  const busy = engines.filter((engine) => engine.busy > 0).map(({ name }) => engineToken(name));
  await batches.run(async ({ limit, except, took }) => {
    const { open, changed } = await transact(ctx.db, async (tx) => {
      const waiting = await lockUnserved(tx, { limit, except, present, busy, graceMs: ctx.config.ackWaitMs });
      took(waiting.map(({ scanId }) => scanId));
      const results = waiting.map((result) => unansweredResult({ ...result, state: "NO_AGENT", error: explain(result) }));
      return { open: waiting.length, changed: results.length === 0 ? [] : (await raiseResults(tx, results)).changed };
    });
    announce(ctx, changed);
    return open === limit;
  });
}

function explain({ problem }: UnservedResult): string {
  return problem === null ? "no agent" : `it works on no agent that has it: ${problem}`;
}
