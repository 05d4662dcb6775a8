-- Why hosts could not join by a token, so that whoever made it can read it: the latest few of each token.
create table join_refusals (
  token_id text collate "C" not null references join_tokens on delete cascade,
  -- Empty: the host has not proven that it has the token, so its name is not believed.
  host text not null,
  -- One of the codes of schema/join-errors.ts.
  code text not null,
  detail text,
  -- The name that it wanted to have; null: the host's.
  agent text,
  attempts integer not null default 1,
  at timestamptz not null default now(),
  primary key (token_id, host, code)
);
