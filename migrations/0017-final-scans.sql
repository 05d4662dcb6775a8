-- Scans that have become final and are still to be counted, and told to webhooks. By a time that could not be said: a clock can step
-- back, and one old transaction would hold up all that come after it.
create table uncounted_scans (scan_id bigint primary key);
create table untold_scans (
  webhook_id bigint not null,
  scan_id bigint not null,
  primary key (webhook_id, scan_id)
);

-- Whoever makes a scan final, it is noted.
create function note_final_scan() returns trigger language plpgsql as $$
begin
  insert into uncounted_scans values (new.id) on conflict do nothing;
  insert into untold_scans select webhooks.id, new.id from webhooks where enabled on conflict do nothing;
  return null;
end $$;
create trigger note_final_scan after update of end_date on scans
  for each row when (old.end_date is null and new.end_date is not null) execute function note_final_scan();
-- A scan whose engines have all answered before is inserted as final; one that is imported ended at another time.
create trigger note_scan_inserted_as_final after insert on scans
  for each row when (new.end_date = now()) execute function note_final_scan();

insert into uncounted_scans select scans.id from scans join final_marks on reader = 'statistics'
  where (scans.end_date, scans.id) > (final_marks.end_date, final_marks.scan_id);
insert into untold_scans select webhooks.id, scans.id from scans join final_marks on reader = 'webhooks'
  join webhooks on enabled and created_at <= scans.end_date
  where (scans.end_date, scans.id) > (final_marks.end_date, final_marks.scan_id);

-- Its rows stay as locks: one gateway at a time reads. A gateway of an older version finds nothing to read.
update final_marks set end_date = 'infinity', scan_id = 0;
drop index scans_ended;
