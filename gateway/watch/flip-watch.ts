import type { Logger } from "pino";
import { LATEST_FLIPS } from "../../schema/graphql/verdict-flip.js";
import type { Database } from "../db/database.js";
import { listFlips, type VerdictFlipRecord } from "../db/verdict-flips.js";
import { createListWatch, type ListWatch } from "./list-watch.js";

/** The latest verdicts that have changed with an engine's signatures. */
export function createFlipWatch(db: Database, log: Logger): ListWatch<VerdictFlipRecord> {
  return createListWatch<VerdictFlipRecord>(log, {
    name: "the latest changed verdicts",
    read: () => listFlips(db, {}, { after: undefined, limit: LATEST_FLIPS }),
    key: ({ flipId }) => String(flipId),
    comparable: ({ flipId }) => flipId,
  });
}
