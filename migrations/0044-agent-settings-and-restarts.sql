-- What the mesh sets of the engines of an agent, in place of what its host says.
create sequence agent_settings_revisions as integer;
create table agent_settings (
  agent text collate "C" primary key,
  -- A list of objects, one for each engine of which something is set (schema/agent-settings.ts).
  engines jsonb not null,
  -- Rises with every change in the whole mesh: an agent says which one it has applied.
  revision integer not null default nextval('agent_settings_revisions'),
  changed_at timestamptz not null default now()
);

-- Agents that are restarted one after the other.
create table rolling_restarts (
  id integer generated always as identity primary key,
  agents text[] not null,
  -- How many of them are back.
  done integer not null default 0,
  state text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'FAILED', 'STOPPED')),
  -- Of the one that is being restarted, before it was: when its process was started, and which engines were healthy. Null: it is not asked yet.
  process_started_at timestamptz,
  healthy text[],
  asked_at timestamptz,
  -- Why it has FAILED.
  problem text,
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
create unique index rolling_restarts_running on rolling_restarts ((true)) where state = 'RUNNING';
