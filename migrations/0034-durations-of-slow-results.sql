-- A list of slow results is read by how slow they were, or by engine in the order of the scans: whichever is less. Without what the
-- results themselves would tell, so that their table is read only if more is asked of them.
alter table slow_results add column duration_ms double precision;
update slow_results as slow set duration_ms = results.duration_ms from results
  where results.scan_id = slow.scan_id and results.engine_id = slow.engine_id and results.duration_ms >= 10000;
-- Those that were answered again since.
delete from slow_results where duration_ms is null;
alter table slow_results alter column duration_ms set not null;
drop index slow_results_scan;
alter table slow_results drop constraint slow_results_pkey, add primary key (scan_id, engine_id);
create index slow_results_engine on slow_results (engine_id, scan_id);
create index slow_results_engine_duration on slow_results (engine_id, duration_ms);
create index slow_results_duration on slow_results (duration_ms);

create or replace function note_slow_result() returns trigger language plpgsql as $$
begin
  if new.duration_ms >= 10000 then
    insert into slow_results (engine_id, scan_id, duration_ms) values (new.engine_id, new.scan_id, new.duration_ms)
      on conflict (scan_id, engine_id) do update set duration_ms = excluded.duration_ms;
  else
    delete from slow_results where scan_id = new.scan_id and engine_id = new.engine_id;
  end if;
  return null;
end $$;
drop trigger note_slow_result on results;
create trigger note_slow_result after update of duration_ms on results
  for each row when (new.duration_ms >= 10000 or old.duration_ms >= 10000) execute function note_slow_result();
