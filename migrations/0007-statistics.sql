-- Statistics by the hour, rolled up from scans when they have become final. Nothing that is asked of them reads results.

create index scans_ended on scans (end_date, id) where end_date is not null;

-- How far each reader of final scans has come, in the order of scans_ended.
create table final_marks (
  reader text primary key,
  end_date timestamptz not null,
  scan_id bigint not null
);
insert into final_marks (reader, end_date, scan_id) values ('statistics', '-infinity', 0);

create table hourly_scans (
  hour timestamptz primary key,
  inconclusive integer not null default 0,
  clean integer not null default 0,
  suspicious integer not null default 0,
  infected integer not null default 0,
  bytes bigint not null default 0
);

create table hourly_engines (
  hour timestamptz not null,
  engine_id integer not null references engines,
  clean integer not null default 0,
  suspicious integer not null default 0,
  infected integer not null default 0,
  silent integer not null default 0,
  unscanned integer not null default 0,
  failed integer not null default 0,
  timeout integer not null default 0,
  no_agent integer not null default 0,
  cancelled integer not null default 0,
  -- Of those that failed: given up after five deliveries.
  dead integer not null default 0,
  -- Verdicts stated in scans that have one themselves, and how many of them say the same of detection.
  compared integer not null default 0,
  agreed integer not null default 0,
  -- Results with a duration, and its sum.
  timed integer not null default 0,
  timed_ms double precision not null default 0,
  primary key (hour, engine_id)
);

-- Bucket b counts durations in milliseconds above 2^((b-1)/4) and up to 2^(b/4); bucket 0 all up to one.
create table hourly_durations (
  hour timestamptz not null,
  engine_id integer not null references engines,
  bucket smallint not null,
  results integer not null,
  primary key (hour, engine_id, bucket)
);
create table hourly_waits (
  hour timestamptz not null,
  bucket smallint not null,
  scans integer not null,
  primary key (hour, bucket)
);

create table hourly_signatures (
  hour timestamptz not null,
  engine_id integer not null references engines,
  signature text not null check (length(signature) <= 256),
  results integer not null,
  primary key (hour, engine_id, signature)
);
create table hourly_types (
  hour timestamptz not null,
  mime text not null,
  scans integer not null,
  detected integer not null,
  primary key (hour, mime)
);
