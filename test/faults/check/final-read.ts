/** What the mesh holds at the end, read through SQL and the public API. */

import { createHash } from "node:crypto";
import type { Client } from "pg";
import type { ResultRow, ScanRow } from "./evidence.js";

const READ_AT_ONCE = 4;

interface Row {
  readonly id: string;
  readonly sha256: string;
  readonly deadline: Date;
  readonly end_date: Date | null;
  readonly verdict: string | null;
  readonly results: ResultRow[];
}

/** Every scan of these samples. */
export async function readRows(db: Client, samples: readonly string[]): Promise<ScanRow[]> {
  const { rows } = await db.query<Row>(
    `select s.id, m.sha256, s.deadline, s.end_date, s.verdict::text,
       (select coalesce(json_agg(json_build_object('engine', e.name, 'type', e.type, 'state', r.state, 'verdict', r.verdict)), '[]')
        from results r join engines e on e.id = r.engine_id where r.scan_id = s.id) as results
     from scans s join samples m on m.id = s.sample_id where m.sha256 = any($1)`,
    [samples],
  );
  return rows.map(({ id, sha256, deadline, end_date, verdict, results }) => ({
    scan: Number(id),
    sha256,
    deadline: deadline.getTime(),
    end: end_date?.getTime() ?? null,
    verdict,
    results,
  }));
}

const REPORT = `query Report($id: SafeInt!) { scan(id: $id) {
  scanId deadline endDate verdict sample { sha256 } results { engine type state verdict } } }`;

interface Report {
  readonly scanId: number;
  readonly deadline: string;
  readonly endDate: string | null;
  readonly verdict: string | null;
  readonly sample: { readonly sha256: string };
  readonly results: readonly ResultRow[];
}

/** What the public API reports of these scans; one that it does not know is left out. */
export async function readReports(gateway: string, scans: readonly number[]): Promise<ScanRow[]> {
  const reports = await each(scans, async (id) => {
    const response = await fetch(`${gateway}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: REPORT, variables: { id } }),
    });
    const { data } = (await response.json()) as { data?: { scan: Report | null } };
    return data?.scan ?? undefined;
  });
  return reports
    .filter((report) => report !== undefined)
    .map(({ scanId, deadline, endDate, verdict, sample, results }) => ({
      scan: scanId,
      sha256: sample.sha256,
      deadline: Date.parse(deadline),
      end: endDate === null ? null : Date.parse(endDate),
      verdict,
      results,
    }));
}

/** Downloads samples and compares what comes with their names. */
export async function readBytes(
  gateway: string,
  samples: readonly string[],
): Promise<Map<string, "same" | "changed" | "missing">> {
  const found = await each(samples, async (sha256) => {
    const response = await fetch(`${gateway}/samples/${sha256}`);
    // An answer that breaks off says that bytes are missing or damaged.
    const bytes = await response.arrayBuffer().catch(() => undefined);
    if (response.status !== 200 || bytes === undefined) return "missing" as const;
    return createHash("sha256").update(new Uint8Array(bytes)).digest("hex") === sha256 ? ("same" as const) : ("changed" as const);
  });
  return new Map(samples.map((sha256, i) => [sha256, found[i] ?? "missing"]));
}

async function each<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  await Promise.all(
    Array.from({ length: READ_AT_ONCE }, async () => {
      for (const [i, item] of left) results[i] = await read(item);
    }),
  );
  return results;
}

/** How many of these scans are still open. */
export async function countOpen(db: Client, scans: readonly number[]): Promise<number> {
  const { rows } = await db.query<{ count: string }>("select count(*) from scans where id = any($1) and end_date is null", [
    scans,
  ]);
  return Number(rows[0]?.count);
}
