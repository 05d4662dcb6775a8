-- Versions of what engines need: signatures, rules, images. Files and manifests lie on the bus.
create table bundles (
  id bigint generated always as identity primary key,
  engine_id integer not null references engines (id),
  set_name text collate "C" not null,
  -- The mesh's own order within the set.
  sequence integer not null check (sequence > 0),
  kind text not null check (kind in ('FILES', 'IMAGE')),
  -- sha256 of the manifest's bytes, in hexadecimal digits.
  digest text collate "C" not null unique,
  -- Of the digest, by the key of the mesh that made the bundle.
  signature bytea not null,
  version text,
  made_at timestamptz,
  -- Bytes of all files.
  size bigint not null,
  -- Where it is from, in words for people.
  source text not null,
  created_at timestamptz not null default now(),
  -- Since when its files are gone; null: they are there.
  removed_at timestamptz,
  unique (engine_id, set_name, sequence)
);
create table bundle_files (
  bundle_id bigint not null references bundles (id) on delete cascade,
  path text collate "C" not null,
  sha256 text collate "C" not null,
  size bigint not null,
  primary key (bundle_id, path)
);
create index bundle_files_sha256 on bundle_files (sha256);

-- What an engine is to serve on a host; without a row, what the host gives it.
create table engine_targets (
  engine_id integer not null references engines (id),
  agent text collate "C" not null,
  set_name text collate "C" not null,
  bundle_id bigint not null references bundles (id),
  changed_at timestamptz not null default now(),
  primary key (engine_id, agent, set_name)
);
create index engine_targets_bundle on engine_targets (bundle_id);

-- How the bundles of a set come to its engine: when, and whether at all.
create table update_policies (
  engine_id integer not null references engines (id),
  set_name text collate "C" not null,
  -- What is fetched is served without being asked for.
  automatic boolean not null default true,
  -- Between two looks at the source.
  check_every_ms integer not null default 43200000 check (check_every_ms >= 60000),
  -- Minutes of the day (UTC) between which updates begin; null: at any time.
  window_from integer check (window_from between 0 and 1439),
  window_to integer check (window_to between 0 and 1439),
  -- Null: not paused; infinity: until it is resumed.
  paused_until timestamptz,
  primary key (engine_id, set_name),
  check ((window_from is null) = (window_to is null))
);

-- Looks at the sources: the row of a set tells the last one, and is locked by the gateway that gives out the next.
create table fetch_jobs (
  engine_id integer not null references engines (id),
  set_name text collate "C" not null,
  job uuid not null,
  -- The fetcher that has it; null: nobody yet.
  agent text collate "C",
  state text not null check (state in ('WAITING', 'CHECKING', 'FETCHING', 'VERIFYING', 'UPLOADING', 'DONE', 'BLOCKED', 'FAILED')),
  reason text,
  -- Until when the source refuses.
  blocked_until timestamptz,
  asked_at timestamptz not null default now(),
  -- When the fetcher was heard of last.
  heard_at timestamptz,
  -- When the source answered last.
  checked_at timestamptz,
  -- When the next look begins.
  next_at timestamptz not null,
  failures_in_a_row integer not null default 0,
  primary key (engine_id, set_name)
);

-- One engine's way from one bundle of a set to another.
create table engine_updates (
  id bigint generated always as identity primary key,
  engine_id integer not null references engines (id),
  set_name text collate "C" not null,
  -- What was served before; null: what its hosts gave it.
  from_bundle bigint references bundles (id),
  -- Null: back to what its hosts give it.
  to_bundle bigint references bundles (id),
  cause text not null check (cause in ('FETCHED', 'ASKED', 'ROLLBACK')),
  skip_canary boolean not null default false,
  state text not null default 'PENDING' check (state in ('PENDING', 'CANARY', 'ROLLING', 'DONE', 'ROLLED_BACK', 'HELD', 'CANCELLED')),
  -- Why it was held, rolled back or cancelled.
  reason text,
  -- What the canary was held against, and what it did; for people and the page.
  evidence jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
create unique index engine_updates_open on engine_updates (engine_id, set_name)
  where state in ('PENDING', 'CANARY', 'ROLLING', 'HELD');
create index engine_updates_engine on engine_updates (engine_id, id);
create table engine_update_hosts (
  update_id bigint not null references engine_updates (id) on delete cascade,
  agent text collate "C" not null,
  state text not null default 'WAITING' check (state in ('WAITING', 'FETCHING', 'TESTING', 'CANARY', 'SERVING', 'HELD', 'FAILED', 'GONE')),
  reason text,
  changed_at timestamptz not null default now(),
  primary key (update_id, agent)
);
