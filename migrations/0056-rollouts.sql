-- How far an update and its hosts are, so that any gateway goes on where another one stopped.
alter table engine_updates
  -- The host that serves the new bundle before the others, since when it does, and the newest scan at that time. Null: not yet.
  add column canary text collate "C",
  add column canary_since timestamptz,
  add column canary_scan bigint;
create index engine_updates_done on engine_updates (engine_id, set_name, id) where state = 'DONE';

alter table engine_update_hosts
  -- Since when its target is the new bundle; null: not yet.
  add column begun_at timestamptz,
  -- Since when its agent is not heard, and since when its engine is not well with the new bundle. Null: it is.
  add column gone_since timestamptz,
  add column unwell_since timestamptz,
  -- When its agent's process was started, and how often it was started again since its target is the new bundle.
  add column process_started_at timestamptz,
  add column restarts integer not null default 0,
  -- How much of the bundles is there, and all of it.
  add column bytes bigint not null default 0,
  add column total bigint not null default 0;

-- Whether a fetcher brought it: only such a bundle is served without being asked for.
alter table bundles add column fetched boolean not null default false;

-- How the new instance takes the old one's place.
alter table update_policies add column switch text not null default 'AUTO' check (switch in ('AUTO', 'BESIDE', 'IN_TURN'));
