import { sql } from "kysely";
import { QueryTimeout } from "../errors.js";
import type { Database } from "./database.js";

/** Statements that Postgres cancels once the client has gone. */
export interface Cancellable {
  /** The connections that run them. */
  readonly db: Database;
  /** Other connections, used to cancel them. */
  readonly canceller: Database;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** Does work on one connection. Throws {@link QueryTimeout} if it was cancelled. */
export async function runCancellable<T>(
  { db, canceller, signal }: Cancellable,
  work: (connection: Database) => Promise<T>,
): Promise<T> {
  return db.connection().execute(async (connection) => {
    if (signal.aborted) throw new QueryTimeout(signal.reason);
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection);
    let cancelling: Promise<unknown> | undefined;
    const cancel = () => (cancelling = sql`select pg_cancel_backend(${rows[0]?.pid})`.execute(canceller));
    if (signal.aborted) throw new QueryTimeout(signal.reason);
    signal.addEventListener("abort", cancel);
    try {
      return await work(connection);
    } finally {
      signal.removeEventListener("abort", cancel);
      // The connection is kept until the cancellation is done, so that it cannot hit the next user's statement. If cancelling fails, the
      // time limit applies.
      await Promise.allSettled([cancelling]);
    }
  });
}
