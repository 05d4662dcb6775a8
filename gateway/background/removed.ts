import { engineToken } from "../../schema/subjects.js";
import { transact } from "../db/database.js";
import { lockWaitingForRemoved } from "../db/engine-hosts.js";
import { raiseResults } from "../db/results.js";
import { announce } from "../scan/announce.js";
import type { ScanContext } from "../scan/context.js";
import { unansweredResult } from "../scan/withdraw.js";

const BATCH = 500;

/** Ends what open scans expect of engines that no agent has any more. An answer that comes all the same still counts. */
export async function closeRemoved(ctx: ScanContext): Promise<void> {
  const present = ctx.fleet.agents().flatMap(({ engines }) => engines.map(({ name }) => engineToken(name)));
  for (let more = true; more;) {
    const { open, changed } = await transact(ctx.db, async (tx) => {
      const waiting = await lockWaitingForRemoved(tx, BATCH, present);
      const results = waiting.map((result) => unansweredResult({ ...result, state: "NO_AGENT", error: "no agent" }));
      return { open: waiting.length, changed: results.length === 0 ? [] : (await raiseResults(tx, results)).changed };
    });
    announce(ctx, changed);
    more = open === BATCH;
  }
}
