import { sql } from "kysely";
import type { Logger } from "pino";
import { DatabaseFull } from "../errors.js";
import { startWriteProbe, type WriteProbe } from "../write-probe.js";
import { openDatabase, type Database } from "./database.js";

const WITHIN_MS = 10_000;
const STALLED = "Postgres does not answer to a write: its disk may be full or broken. Free some room and look at its log.";
const ROWS = 8;
/** Short enough that Postgres neither compresses it nor moves it to another table. */
const ROW_CHARACTERS = 2_000;

/** Probes, on a connection of its own, whether Postgres can do writes that need disk space. */
export function probeDatabase(url: string, log: Logger, onError: (error: Error) => void): WriteProbe {
  const limits = { statementMs: WITHIN_MS, lockMs: WITHIN_MS, idleTransactionMs: WITHIN_MS };
  const db = openDatabase(url, onError, { max: 1, limits });
  const probe = startWriteProbe(log, { write: () => write(db), stalled: STALLED, withinMs: WITHIN_MS });
  return {
    problem: probe.problem,
    async stop() {
      await probe.stop();
      await db.destroy();
    },
  };
}

/**
 * Updating an existing row could succeed on a full disk, in space that the table and the log already have. So rows are written to a
 * temporary table that every commit empties, and a message to the log, which only replication would read.
 */
async function write(db: Database): Promise<string | undefined> {
  try {
    await db.transaction().execute(async (tx) => {
      await sql`create temporary table if not exists write_probe (filler text) on commit delete rows`.execute(tx);
      await sql`insert into pg_temp.write_probe select repeat('x', ${sql.lit(ROW_CHARACTERS)})
        from generate_series(1, ${sql.lit(ROWS)})`.execute(tx);
      await sql`select pg_logical_emit_message(true, 'scanmesh', 'write probe')`.execute(tx);
    });
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseFull) return DISK_FULL;
    // Postgres is away, or the user may not write: reported elsewhere.
    throw error;
  }
}

const DISK_FULL = "The disk of Postgres is full or broken: it takes no changes. Free some room.";
