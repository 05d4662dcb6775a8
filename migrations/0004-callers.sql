-- Who may do what, and who did what.

create table api_keys (
  id text collate "C" primary key check (id ~ '^[0-9a-z]{8,32}$'),
  name text not null check (length(name) between 1 and 200),
  -- sha256 of the secret, which is random: there is nothing to guess, so nothing slow is needed.
  hash bytea not null check (length(hash) = 32),
  scopes text[] not null check (cardinality(scopes) > 0),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);

create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  key_id text collate "C" references api_keys,
  address text not null,
  request_id text not null,
  action text not null,
  subject text not null,
  details jsonb not null
);
create index audit_events_key on audit_events (key_id, id);
create index audit_events_action on audit_events (action, id);
