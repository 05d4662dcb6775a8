/** The bare path's tables and its two statements. */

export const TABLES = `
create table samples (
  id bigint generated always as identity primary key,
  sha256 text collate "C" not null unique, md5 text not null, sha1 text not null, size bigint not null,
  blob uuid not null, chunks bigint[] not null, first_seen timestamptz not null default now()
);
create table scans (
  id bigint generated always as identity primary key,
  sample_id bigint not null references samples, name text not null, speed text not null, internet boolean not null,
  start_date timestamptz not null default now(), deadline timestamptz not null, end_date timestamptz,
  verdict text, done smallint not null default 0, total smallint not null, revision integer not null default 0,
  skipped jsonb not null default '[]'
) with (fillfactor = 80);
create table results (
  scan_id bigint not null references scans, engine_id integer not null, state text not null default 'QUEUED', verdict text,
  engine_version text, agent text, started_at timestamptz, ended_at timestamptz, duration_ms double precision, details jsonb,
  primary key (scan_id, engine_id)
) with (fillfactor = 80);
create table outbox (
  id bigint generated always as identity primary key, scan_id bigint not null unique, engine_ids integer[] not null,
  created_at timestamptz not null default now()
);
create table audit_events (
  id bigint generated always as identity primary key, at timestamptz not null default now(),
  action text not null, subject text not null, details jsonb not null
);`;

/** As the product sets it for prepared statements. */
export const SESSION = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/** Five rows for each sample; the scan's id by its sha256. A batch has no sha256 twice. */
export const ACCEPT = `
with incoming as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[])
    with ordinality as t (sha256, md5, sha1, size, blob, chunks, position)
), sample as (
  insert into samples (sha256, md5, sha1, size, blob, chunks)
  select sha256, md5, sha1, size, blob, chunks::bigint[] from incoming order by sha256
  on conflict (sha256) do update set sha256 = excluded.sha256 returning id, sha256
), scan as (
  insert into scans (sample_id, name, speed, internet, deadline, total)
  select id, 'sample.bin', 'ULTRA', false, now() + interval '15 minutes', 1
  from incoming join sample using (sha256) order by position returning id, sample_id
), result as (
  insert into results (scan_id, engine_id) select id, 1 from scan
), request as (
  insert into outbox (scan_id, engine_ids) select id, '{1}' from scan
), audited as (
  insert into audit_events (action, subject, details)
  select 'submitScan', scan.id::text, jsonb_build_object('sha256', sha256) from scan join sample on sample.id = sample_id
)
select scan.id::float8 as id, sha256 from scan join sample on sample.id = sample_id`;

/** Merges results under the locks of their scans, and takes the requests out of the outbox. */
export const RECORD = `
with incoming as (
  select distinct on (id) * from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::float8[], $5::text[], $6::jsonb[])
    as t (id, agent, started, ms, version, details) order by id
), locked as materialized (
  select scans.id from scans join incoming using (id) order by scans.id for update of scans
), raised as (
  update results set state = 'DONE', agent = incoming.agent, started_at = started, ended_at = now(), duration_ms = ms,
    engine_version = version, details = nullif(incoming.details, 'null')
  from incoming join locked using (id) where scan_id = incoming.id and engine_id = 1 and state <> 'DONE' returning scan_id
), counted as (
  update scans set done = done + 1, revision = revision + 1, end_date = now(), verdict = 'INCONCLUSIVE'
  from raised where id = scan_id
), settled as (
  delete from outbox using raised where outbox.scan_id = raised.scan_id
)
select scan_id from raised`;
