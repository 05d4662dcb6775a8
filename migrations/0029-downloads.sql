-- Download URLs that were issued, each until it is used or over. Whoever knows the token may use it, so only its hash is here.
create table downloads (
  token_hash bytea primary key,
  request jsonb not null,
  key_id text collate "C" references api_keys,
  expires_at timestamptz not null
);
