-- Since when the agent's process runs that a job was given to: another one has lost it, whatever ended the first.
alter table ruleset_jobs add column process_started_at timestamptz;
-- Agents that have said they cannot do it.
alter table ruleset_jobs add column failed_agents text[] collate "C" not null default '{}';

-- The last number of a ruleset's versions: the number of one that was deleted is not used again.
create table ruleset_numbers (
  engine_id integer not null references engines (id),
  set_name text collate "C" not null,
  last integer not null,
  primary key (engine_id, set_name)
);
insert into ruleset_numbers select engine_id, set_name, max(number) from ruleset_versions group by engine_id, set_name;

-- A URL makes one version: when that is deleted, the URL goes with it.
alter table bundle_uploads drop constraint bundle_uploads_ruleset_version_fkey;
alter table bundle_uploads add foreign key (ruleset_version) references ruleset_versions (id) on delete cascade;
