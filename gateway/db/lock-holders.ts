import type { Pool } from "pg";

/** A session whose transaction has been open for a while, so that others may wait for its locks. */
export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  readonly client: string | null;
  readonly state: string | null;
  readonly seconds: number;
  /** The beginning of its last statement. */
  readonly statement: string;
}

const PAUSE_MS = 10_000;
const HOLDERS = `
  select pid, application_name as application, client_addr::text as client, state,
    extract(epoch from now() - xact_start)::int as seconds, left(query, 200) as statement
  from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and xact_start < now() - $1 * interval '1 millisecond'
  order by xact_start limit 3`;

/** Called with the sessions that may hold the lock; with none, and the error, if they could not be queried. */
export type TellHolders = (holders: readonly LockHolder[], error?: unknown) => void;

/** Returns a function that reports sessions whose transactions are older than the wait, at most every ten seconds. */
export function createHolderReport(pool: Pool, waitedMs: number, tell: TellHolders): () => void {
  let toldAt = -Infinity;
  return () => {
    if (performance.now() - toldAt < PAUSE_MS) return;
    toldAt = performance.now();
    pool.query<LockHolder>(HOLDERS, [waitedMs]).then(
      ({ rows }) => tell(rows),
      (error: unknown) => tell([], error),
    );
  };
}
