-- How hosts join: the tokens they are given, and who has joined by which.
create table join_tokens (
  id text collate "C" primary key check (id ~ '^[0-9a-f]{16}$'),
  -- Derived from the secret, which is not stored: with them a joiner's proof is checked, and nobody can make one.
  stored_key bytea not null check (length(stored_key) = 32),
  server_key bytea not null check (length(server_key) = 32),
  internet boolean not null,
  -- Names that agents may take; * stands for any characters. Null: any name.
  name_pattern text,
  -- How many agents may join by it; null: as many as there are.
  uses integer check (uses > 0),
  used integer not null default 0,
  -- Whether agents that joined by it are forgotten soon after they are gone.
  ephemeral boolean not null,
  created_at timestamptz not null default now(),
  -- Null: never.
  expires_at timestamptz,
  revoked_at timestamptz
);
create index join_tokens_created on join_tokens (created_at, id);

-- A row for each key that has used a token: whoever repeats its request uses the token once.
create table joins (
  token_id text collate "C" not null references join_tokens on delete cascade,
  public_key text collate "C" not null,
  agent text not null,
  joined_at timestamptz not null default now(),
  primary key (token_id, public_key)
);
create index joins_public_key on joins (public_key);
