-- Rulesets: rules of people, which a host checks and tries before they are published as a bundle of their own set.
create table ruleset_versions (
  id bigint generated always as identity primary key,
  engine_id integer not null references engines (id),
  -- The ruleset's name is that of its set.
  set_name text collate "C" not null,
  number integer not null check (number > 0),
  -- sha256 of the list of its files, which lies on the bus with them.
  digest text collate "C" not null,
  comment text not null,
  -- Bytes of all files.
  size bigint not null,
  key_id text collate "C" references api_keys (id),
  created_at timestamptz not null default now(),
  state text not null default 'CHECKING' check (state in ('CHECKING', 'INVALID', 'READY')),
  -- What the check found: how many rules, what is wrong, and how many mistakes more.
  rules integer,
  mistakes jsonb not null default '[]',
  omitted integer not null default 0,
  checked_at timestamptz,
  -- Since when its files are gone; null: they are there.
  removed_at timestamptz,
  unique (engine_id, set_name, number)
);
create table ruleset_files (
  version_id bigint not null references ruleset_versions (id) on delete cascade,
  path text collate "C" not null,
  sha256 text collate "C" not null,
  size bigint not null,
  primary key (version_id, path)
);
create index ruleset_files_sha256 on ruleset_files (sha256);

-- What a host does, or has done, with a version.
create table ruleset_jobs (
  id bigint generated always as identity primary key,
  version_id bigint not null references ruleset_versions (id) on delete cascade,
  kind text not null check (kind in ('CHECK', 'TRY')),
  -- What its agent calls it: another name for each agent.
  job uuid not null default gen_random_uuid(),
  -- Null: no host has it.
  agent text collate "C",
  -- How many hosts had it.
  hosts integer not null default 0,
  state text not null default 'WAITING' check (state in ('WAITING', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
  -- Why it waits or has failed, for people.
  reason text,
  -- Files of a check, samples of a try.
  done integer not null default 0,
  total integer not null default 0,
  -- Of a try: the piece that its host has, and the counts of what came of samples.
  piece integer not null default 1,
  matched integer not null default 0,
  unfinished integer not null default 0,
  gone integer not null default 0,
  created_at timestamptz not null default now(),
  given_at timestamptz,
  heard_at timestamptz,
  ended_at timestamptz
);
create unique index ruleset_jobs_open on ruleset_jobs (version_id, kind) where ended_at is null;
create index ruleset_jobs_version on ruleset_jobs (version_id, id);

-- The samples of a try, the newest first. A sample may be deleted meanwhile: then it is named nowhere any more.
create table ruleset_try_samples (
  job_id bigint not null references ruleset_jobs (id) on delete cascade,
  at integer not null,
  sample_id bigint not null,
  -- Null: not tried yet.
  outcome text check (outcome in ('NO_MATCH', 'MATCH', 'TIMEOUT', 'FAILED', 'UNSCANNED', 'GONE')),
  rules text[] not null default '{}',
  reason text,
  primary key (job_id, at)
);

-- Of which version of a ruleset a bundle was made.
alter table bundles add column ruleset_version bigint references ruleset_versions (id) on delete set null;
create index bundles_ruleset on bundles (ruleset_version) where ruleset_version is not null;

-- What is sent becomes a version of a ruleset with this comment; null: it becomes a bundle.
alter table bundle_uploads add column ruleset_comment text;
alter table bundle_uploads add column ruleset_version bigint references ruleset_versions (id) on delete set null;
