-- What an update waits for, in words for people, and until when at the latest.
alter table engine_updates add column waits_for text, add column waits_until timestamptz;

-- Minutes of the day (UTC) between which engines of the agent follow updates; null: at any time.
alter table agent_settings
  add column window_from integer check (window_from between 0 and 1439),
  add column window_to integer check (window_to between 0 and 1439),
  add check ((window_from is null) = (window_to is null));
