/** A gateway over a long history from a seed, and that history as rows, so that tests can say what a list must hold. */

import { sql } from "kysely";
import { fill } from "../../bench/fill.js";
import { startStage, type LocalGateway, type Stage } from "../../stage/stage.js";

export interface HistoryStage {
  readonly stage: Stage;
  readonly gateway: LocalGateway;
  readonly scans: readonly HistoryScan[];
}

export interface HistoryResult {
  readonly engine: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly signature: string | null;
  readonly ms: number | null;
}

export interface HistoryScan {
  readonly scanId: number;
  readonly sampleId: number;
  readonly name: string;
  readonly start: string;
  readonly end: string | null;
  readonly final: boolean;
  readonly verdict: string | null;
  readonly labels: Record<string, string>;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  readonly size: number;
  readonly mime: string;
  readonly results: readonly HistoryResult[];
}

/** So many final scans, two open ones, and one whose time is not in the order of its number. */
export async function startHistory(scans: number): Promise<HistoryStage> {
  const stage = await startStage();
  await fill(
    stage.databaseUrl,
    { scans, seed: 3, newest: new Date(Date.now() - 60_000) },
    { line: () => undefined, measure: (_label, work) => work(() => undefined) },
  );
  await sql`
    with entered as (
      insert into scans (sample_id, name, speed, internet, start_date, deadline, total, skipped, labels)
      values (1, 'open 100%.exe', 'ALL', false, now(), now() + interval '1 day', 1, '[]', '{"team": "soc", "case": "7"}'),
        (2, 'open_2.exe', 'ALL', false, now() - interval '80 days', now() + interval '1 day', 1, '[]', '{"team": "lab"}')
      returning id)
    insert into results (scan_id, engine_id) select entered.id, engines.id from entered, engines where name = 'ClamAV'`.execute(
    stage.db,
  );
  // Some results were slow, of which the trigger takes note.
  await sql`update results set duration_ms = 30000 where scan_id % 97 = 5 and state = 'DONE'`.execute(stage.db);
  const gateway = await stage.gateway({ SCANMESH_SWEEP_INTERVAL: "1h" });
  const { rows } = await sql<HistoryScan>`
    select scans.id as "scanId", sample_id as "sampleId", scans.name, to_json(start_date) as start, to_json(end_date) as end, end_date is not null as final,
      scans.verdict, labels, sha256, sha1, md5, size, mime, (
        select json_agg(json_build_object('engine', engines.name, 'state', state, 'verdict', results.verdict, 'signature', signature, 'ms', duration_ms))
        from results join engines on engines.id = engine_id where scan_id = scans.id) as results
    from scans join samples on samples.id = sample_id order by scans.id`.execute(stage.db);
  return { stage, gateway, scans: rows };
}
