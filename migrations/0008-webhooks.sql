-- Webhooks: who is told of scans, and a log of what was delivered.

create table webhooks (
  id bigint generated always as identity primary key,
  url text not null check (length(url) <= 2048),
  events text[] not null check (cardinality(events) > 0),
  -- What deliveries are signed with: it must be read to sign, so it is kept as it is.
  secret bytea not null check (length(secret) between 24 and 64),
  enabled boolean not null default true,
  created_at timestamptz not null default now()
);

create table webhook_deliveries (
  id bigint generated always as identity primary key,
  webhook_id bigint not null references webhooks on delete cascade,
  event text not null,
  scan_id bigint not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'DELIVERED', 'FAILED')),
  attempts smallint not null default 0,
  created_at timestamptz not null default now(),
  -- When it is due; while one is being sent, when its sender is given up.
  next_attempt_at timestamptz not null default now(),
  last_attempt_at timestamptz,
  last_status smallint,
  last_error text
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_attempt_at) where state = 'PENDING';
create index webhook_deliveries_log on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_age on webhook_deliveries (created_at);

insert into final_marks (reader, end_date, scan_id) values ('webhooks', now(), 0);
