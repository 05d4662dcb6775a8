import { setTimeout as pause } from "node:timers/promises";
import { createAbortController } from "../../schema/abort-controller.js";
import type { GatewayConfig } from "../config.js";
import { runCancellable } from "../db/cancellable.js";
import { openDatabase } from "../db/database.js";
import { buildIndex, findMissing, readListIndexes } from "../db/indexes.js";
import { DatabaseAway } from "../errors.js";
import type { ScanContext } from "../scan/context.js";

const AGAIN_MS = 10_000;

/** Builds the list indexes that an update added, in the background. Only one gateway builds an index at a time. */
export function startIndexBuilds(
  { config, db, cancelDb, log }: Pick<ScanContext, "db" | "cancelDb" | "log"> & { config: Pick<GatewayConfig, "databaseUrl"> },
  againMs = AGAIN_MS,
): { stop(): Promise<void> } {
  const stopping = createAbortController();
  const { signal } = stopping;
  const lost = ({ message }: Error) => log.warn({ reason: message }, "Postgres connection lost while an index is built");

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        const [next] = await findMissing(db, await readListIndexes());
        if (next === undefined) return;
        // This connection has no time limit, since a build takes minutes on a large store.
        const own = openDatabase(config.databaseUrl, lost, { max: 1 });
        const built = await runCancellable({ db: own, canceller: cancelDb, signal }, (connection) =>
          buildIndex(connection, next),
        ).finally(() => own.destroy());
        if (built) {
          log.info({ index: next.name }, "built an index");
          continue;
        }
      } catch (error) {
        if (!signal.aborted && !(error instanceof DatabaseAway)) log.warn({ err: error }, "cannot build an index; retrying");
      }
      await pause(againMs, undefined, stopping).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
