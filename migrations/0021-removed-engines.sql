-- Which agents have which engines, so that an engine that was taken from all of them is not waited for.
create table engine_hosts (
  engine_id integer not null references engines on delete cascade,
  agent text not null,
  seen_at timestamptz not null default now(),
  primary key (engine_id, agent)
);

alter table engines
  -- When the last agent that had it said that it has it no more; of no meaning once it was healthy again.
  add column removed_at timestamptz,
  -- An operator has taken it out of the catalogue. Its row stays for the results that name it, until an agent announces it again.
  add column forgotten boolean not null default false;
