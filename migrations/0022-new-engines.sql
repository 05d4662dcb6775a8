-- Until when scans expect an engine that has given no result yet: as long as an agent that has it is heard. Infinity once it has
-- given one, as of every engine that was known before.
alter table engines add column expected_until timestamptz not null default 'infinity';

-- A webhook that hears of detections only is not noted for a scan without any.
create or replace function note_final_scan() returns trigger language plpgsql as $$
begin
  insert into uncounted_scans values (new.id) on conflict do nothing;
  insert into untold_scans select webhooks.id, new.id from webhooks
    where enabled and ('SCAN_FINISHED' = any(events) or new.verdict >= 'SUSPICIOUS') on conflict do nothing;
  return null;
end $$;
