-- How an engine is run is the same for thousands of its results: it stands once, under a hash of itself, which results name. What
-- differs from sample to sample stands with the result.
create table engine_setups (
  id uuid primary key,
  setup jsonb not null,
  first_seen timestamptz not null default now()
);
alter table results add column setup uuid, add column exit_code smallint, add column fetching_ms real, add column starting_ms real;
