-- Agents as they were last heard, also those that are gone.
create table agents (
  internet boolean not null,
  agent text not null,
  host text not null,
  version text not null,
  engines text[] not null,
  started_at timestamptz not null,
  heard_at timestamptz not null,
  primary key (internet, agent)
);
create index agents_heard_at on agents (heard_at);
