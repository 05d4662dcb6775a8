import { engineToken } from "../../schema/subjects.js";
import { transact } from "../db/database.js";
import { raiseResults } from "../db/results.js";
import { lockUnserved, type UnservedResult } from "../db/unserved.js";
import { announce } from "../scan/announce.js";
import type { ScanContext } from "../scan/context.js";
import { unansweredResult } from "../scan/withdraw.js";

const BATCH = 500;

/**
 * Ends what open scans expect of engines that no agent has any more, or that work on no agent that has them. An answer that comes
 * all the same still counts.
 */
export async function closeUnserved(ctx: ScanContext): Promise<void> {
  const engines = ctx.fleet.agents().flatMap((agent) => agent.engines);
  const present = engines.map(({ name }) => engineToken(name));
  const busy = engines.filter((engine) => engine.busy > 0).map(({ name }) => engineToken(name));
  for (let more = true; more;) {
    const { open, changed } = await transact(ctx.db, async (tx) => {
      const waiting = await lockUnserved(tx, { limit: BATCH, present, busy, graceMs: ctx.config.ackWaitMs });
      const results = waiting.map((result) => unansweredResult({ ...result, state: "NO_AGENT", error: explain(result) }));
      return { open: waiting.length, changed: results.length === 0 ? [] : (await raiseResults(tx, results)).changed };
    });
    announce(ctx, changed);
    more = open === BATCH;
  }
}

function explain({ problem }: UnservedResult): string {
  return problem === null ? "no agent" : `it works on no agent that has it: ${problem}`;
}
