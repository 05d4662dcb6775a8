/**
 * Learns which scans are final by a session of its own with Postgres, whose processor time is the load generator's: asking through
 * the API would cost what is measured.
 */

import pg from "pg";

const FINAL = `
  select id::float8 as id, verdict::text = $2 and done = $3 and total = $3 as good from scans where id >= $1 and end_date is not null`;

const TOLD = `
  select s.verdict::text, coalesce(string_agg(concat_ws(' ', r.state, r.verdict, r.cause, r.error, r.closed), '; '), 'no results') as results
  from scans s left join results r on r.scan_id = s.id where s.id = $1 group by s.id`;

/** The scans that are open as far as is known here. */
export interface Finals {
  /** The process of Postgres that answers here. */
  readonly session: number;
  /** Sent, and not seen to be final. */
  open(): number;
  sent(scanId: number): void;
  /** Looks once. Throws if a scan is final without the verdict that is expected, or without its results. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export async function watchFinals(postgresUrl: string, expected: string, results = 1): Promise<Finals> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  // The table has no statistics yet.
  await client.query("set enable_seqscan = off");
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const open = new Set<number>();
  const final = new Set<number>();

  return {
    session: rows[0]?.pid ?? 0,
    open: () => open.size,
    sent(scanId) {
      // The answer to its upload may be read after the look that shows it final.
      if (!final.has(scanId)) open.add(scanId);
    },
    async look() {
      if (open.size === 0) return;
      const from = Math.min(...open);
      const { rows } = await client.query<{ id: number; good: boolean | null }>({
        name: "final",
        text: FINAL,
        values: [from, expected, results],
      });
      for (const { id, good } of rows) {
        if (good !== true)
          throw new Error(`scan ${id} is not ${expected} with ${results} results, but ${await whatIsThere(client, id)}`);
        final.add(id);
        open.delete(id);
      }
    },
    close: () => client.end(),
  };
}

async function whatIsThere(client: pg.Client, scanId: number): Promise<string> {
  const { rows } = await client.query<{ verdict: string; results: string }>(TOLD, [scanId]);
  return `${rows[0]?.verdict}: ${rows[0]?.results}`;
}
