-- The keys of agents that have joined: who may be which agent. The keys' seeds never leave the agents' hosts.
create table agent_keys (
  public_key text collate "C" primary key,
  agent text not null,
  internet boolean not null,
  -- WAITING: another key has the name, and somebody must accept this one. REVOKED keys stay, so that their agents are told.
  state text not null check (state in ('WAITING', 'JOINED', 'REVOKED')),
  -- Whether it is forgotten soon after the agent is gone.
  ephemeral boolean not null,
  host text not null,
  version text not null,
  joined_at timestamptz not null default now(),
  renewed_at timestamptz not null default now(),
  -- When a second agent with this key was last seen.
  cloned_at timestamptz
);
create unique index agent_keys_joined on agent_keys (agent) where state = 'JOINED';
create index agent_keys_agent on agent_keys (agent);
