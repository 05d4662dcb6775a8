import type { Logger } from "pino";
import { LATEST_FLIPS } from "../../schema/graphql/verdict-flip.js";
import type { Database } from "../db/database.js";
import { listFlips, type VerdictFlipRecord } from "../db/verdict-flips.js";
import { createListWatch, type ListWatch } from "./list-watch.js";

interface Rescan {
  readonly engine: { readonly name: string };
  readonly enabled: boolean;
  readonly version: string | null;
  readonly slots: number;
  readonly run: object | null;
}

/** For each engine, whether samples are rescanned after its updates, and the progress. */
export function createRescanWatch<R extends Rescan>(read: () => Promise<readonly R[]>, log: Logger): ListWatch<R> {
  return createListWatch<R>(log, {
    name: "what is scanned again after updates",
    read,
    key: ({ engine: { name } }) => name,
    comparable: ({ enabled, version, slots, run }) => [enabled, version, slots, run],
  });
}

/** The latest verdicts that changed with an engine's signatures. */
export function createFlipWatch(db: Database, log: Logger): ListWatch<VerdictFlipRecord> {
  return createListWatch<VerdictFlipRecord>(log, {
    name: "the latest changed verdicts",
    read: () => listFlips(db, {}, { after: undefined, limit: LATEST_FLIPS }),
    key: ({ flipId }) => String(flipId),
    comparable: ({ flipId }) => flipId,
  });
}
