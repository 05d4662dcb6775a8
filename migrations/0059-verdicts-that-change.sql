-- Samples are scanned again by an engine whose signatures have changed, and what that changes is kept.

-- Why a scan exists; null: somebody asked for it. CHECK: an engine was updated, and it is not known yet whether its verdict changes;
-- UPDATE: it has changed. A scan that changes nothing is deleted.
alter table scans add column origin text collate "C";

-- Scans of updates are counted nowhere, and webhooks are told of changed verdicts alone.
create or replace function note_final_scan() returns trigger language plpgsql as $$
begin
  if new.origin is not null then return null; end if;
  insert into uncounted_scans values (new.id) on conflict do nothing;
  insert into untold_scans select webhooks.id, new.id from webhooks
    where enabled and ('SCAN_FINISHED' = any(events) or 'SCAN_DETECTED' = any(events) and new.verdict >= 'SUSPICIOUS')
    on conflict do nothing;
  return null;
end $$;

-- Engines whose updates are followed, and what their hosts said of themselves last.
create table verdict_follows (
  engine_id integer primary key references engines (id),
  -- Engine and signatures, as all hosts that have the engine announce them; null: they never agreed since it is followed.
  version text,
  since timestamptz not null default now()
);

-- From the newest sample to the oldest, after an update.
create table verdict_runs (
  id bigint generated always as identity primary key,
  engine_id integer not null references engines (id),
  version text not null,
  state text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'REPLACED', 'STOPPED')),
  -- Samples with smaller ids are still to be looked at; null: all.
  before_sample bigint,
  checked integer not null default 0,
  failed integer not null default 0,
  flips integer not null default 0,
  -- Not before then the next sample, so that an engine with few slots has time for others.
  next_at timestamptz not null default now(),
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
create unique index verdict_runs_open on verdict_runs (engine_id) where ended_at is null;
create index verdict_runs_engine on verdict_runs (engine_id, id);

-- Its scans that are under way.
create table verdict_checks (
  scan_id bigint primary key references scans (id) on delete cascade,
  run_id bigint not null references verdict_runs (id),
  engine_id integer not null references engines (id)
);

create table verdict_flips (
  id bigint generated always as identity primary key,
  run_id bigint not null references verdict_runs (id),
  engine_id integer not null references engines (id),
  sample_id bigint not null references samples (id) on delete cascade,
  -- The scan that found it, and the one with the verdict before, which may have been deleted.
  scan_id bigint not null unique references scans (id) on delete cascade,
  previous bigint not null,
  from_verdict verdict,
  to_verdict verdict,
  from_signature text,
  to_signature text,
  from_version text,
  to_version text,
  at timestamptz not null default now()
);
create index verdict_flips_engine on verdict_flips (engine_id, id);
create index verdict_flips_sample on verdict_flips (sample_id, id);
