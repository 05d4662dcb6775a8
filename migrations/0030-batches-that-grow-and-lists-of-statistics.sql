-- A batch can be created empty, and grow by several calls.
alter table batches drop constraint batches_total_check, add check (total between 0 and 10000);

-- Scans by their end, as the statistics count them. While a scan is open no index has to know of its changes.
create index scans_ended on scans (end_date, id) where end_date is not null;

-- Results that took long: their own column cannot be indexed without slowing down every update of a result.
create table slow_results (
  engine_id integer not null references engines,
  scan_id bigint not null references scans on delete cascade,
  primary key (engine_id, scan_id)
);
create index slow_results_scan on slow_results (scan_id);
create function note_slow_result() returns trigger language plpgsql as $$
begin
  insert into slow_results values (new.engine_id, new.scan_id) on conflict do nothing;
  return null;
end $$;
create trigger note_slow_result after update of duration_ms on results
  for each row when (new.duration_ms >= 10000) execute function note_slow_result();
create trigger note_slow_result_inserted after insert on results
  for each row when (new.duration_ms >= 10000) execute function note_slow_result();
insert into slow_results select engine_id, scan_id from results where duration_ms >= 10000;
