-- In which transaction a scan was accepted, or last got another verdict or its end: the order in which scanFeed resumes.
-- A transaction is visible or not in a snapshot whenever it commits; of a time or a number that could not be said.
alter table scans add column changed_in xid8 not null default pg_current_xact_id();
create index scans_changed on scans (changed_in, id);

-- Whoever writes such a change, it is noted.
create function note_scan_change() returns trigger language plpgsql as $$
begin
  new.changed_in := pg_current_xact_id();
  return new;
end $$;
create trigger note_scan_change before update of verdict, end_date on scans
  for each row when (new.verdict is distinct from old.verdict or new.end_date is distinct from old.end_date)
  execute function note_scan_change();
