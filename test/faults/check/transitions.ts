/** Triggers by which Postgres itself records every change of a result's state and of a verdict. */

import type { Client } from "pg";
import type { Transition } from "./evidence.js";

const RECORD = `
create schema if not exists faults;
create table if not exists faults.transitions (
  id bigint generated always as identity primary key,
  scan_id bigint not null, engine_id integer,
  from_state text, from_verdict text, to_state text, to_verdict text
);
create or replace function faults.record_result() returns trigger language plpgsql as $$
begin
  insert into faults.transitions (scan_id, engine_id, from_state, from_verdict, to_state, to_verdict)
  values (new.scan_id, new.engine_id, old.state::text, old.verdict::text, new.state::text, new.verdict::text);
  return null;
end $$;
create or replace function faults.record_scan() returns trigger language plpgsql as $$
begin
  insert into faults.transitions (scan_id, engine_id, from_verdict, to_verdict)
  values (new.id, null, old.verdict::text, new.verdict::text);
  return null;
end $$;
create or replace trigger faults_result after update of state, verdict on results for each row
  when (old.state is distinct from new.state or old.verdict is distinct from new.verdict) execute function faults.record_result();
create or replace trigger faults_scan after update of verdict on scans for each row
  when (old.verdict is distinct from new.verdict) execute function faults.record_scan();
`;

export async function recordTransitions(db: Client): Promise<void> {
  await db.query(RECORD);
}

interface Row {
  readonly scan: string;
  readonly engine: string | null;
  readonly from_state: string | null;
  readonly from_verdict: string | null;
  readonly to_state: string | null;
  readonly to_verdict: string | null;
}

export async function readTransitions(db: Client, scans: readonly number[]): Promise<Transition[]> {
  const { rows } = await db.query<Row>(
    `select t.scan_id as scan, e.name as engine, from_state, from_verdict, to_state, to_verdict
     from faults.transitions t left join engines e on e.id = t.engine_id where t.scan_id = any($1) order by t.id`,
    [scans],
  );
  return rows.map((row) => ({
    scan: Number(row.scan),
    engine: row.engine,
    from: { state: row.from_state, verdict: row.from_verdict },
    to: { state: row.to_state, verdict: row.to_verdict },
  }));
}
