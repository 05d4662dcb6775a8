-- Who may do what, and who did what.

create table api_keys (
  id text collate "C" primary key check (id ~ '^[0-9a-z]{8,32}$'),
  name text not null check (length(name) between 1 and 200),
  -- sha256 of the secret, which is random: there is nothing to guess, so nothing slow is needed.
  hash bytea not null check (length(hash) = 32),
  scopes text[] not null check (cardinality(scopes) > 0),
  -- Requests a second, and scans a day; null: as many as there are.
  rate double precision check (rate > 0),
  daily_scans integer check (daily_scans > 0),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
create index api_keys_created on api_keys (created_at, id);

-- Scans that keys with a quota have had on their last day; counted where the scans are accepted, a batch at a time.
create table api_key_usage (
  key_id text collate "C" primary key references api_keys,
  day date not null,
  scans integer not null
) with (fillfactor = 50);

create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz(3) not null default now(),
  key_id text collate "C" references api_keys,
  address text not null,
  request_id text not null,
  action text not null,
  subject text not null,
  details jsonb not null
);
create index audit_events_at on audit_events (at, id);
create index audit_events_key on audit_events (key_id, at, id);
create index audit_events_action on audit_events (action, at, id);
create index audit_events_subject on audit_events (subject, at, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are only ever added', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_events_append_only before update or delete or truncate on audit_events
  for each statement execute function refuse_change();

-- Whose upload it is: the bytes come without a key.
alter table uploads add key_id text collate "C" references api_keys;
