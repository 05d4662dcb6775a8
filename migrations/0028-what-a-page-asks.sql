-- A webhook's deliveries that were not delivered, and the deliveries that were sent last.
create index webhook_deliveries_undelivered on webhook_deliveries (webhook_id, id) where state <> 'DELIVERED';
create index webhook_deliveries_activity on webhook_deliveries ((coalesce(last_attempt_at, created_at)), id);

-- Names are found in any case. ASCII alone is lowered here, which no locale does otherwise; the name itself is compared then.
drop index scans_name;
create index scans_name on scans (lower(left(name, 64) collate "C"), id);

-- The gateways that run, as each says of itself every few seconds.
create table gateways (
  id text primary key,
  host text not null,
  version text not null,
  node_version text not null,
  started_at timestamptz not null,
  seen_at timestamptz not null default now(),
  nats_connected boolean not null,
  disk_free bigint,
  memory_bytes bigint not null
) with (fillfactor = 50);
