-- The accounts of agents on NATS. What is signed for them can be signed anew from this at any time: no secret is kept.
create table agent_accounts (
  -- The public key of the account. A name that is given to another key gets another account.
  account_key text primary key,
  agent text not null,
  internet boolean not null,
  user_key text not null,
  engines text[] not null,
  issued_at timestamptz not null default now(),
  -- The row stays, so that NATS is told again whenever it knows the account after all.
  revoked_at timestamptz,
  -- A hash of the claims that NATS has confirmed last; null if it has confirmed none.
  confirmed text
);
create unique index agent_accounts_agent on agent_accounts (agent) where revoked_at is null;
