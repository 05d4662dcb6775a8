-- What lists of scans and samples are filtered by.

create extension if not exists pg_trgm;

-- What makes a result stand out. Columns of their own, so that an ordinary result, which leaves them null, is updated without
-- touching an index.
alter table results
  add column finding verdict generated always as (case when verdict >= 'SUSPICIOUS' then verdict end) stored,
  add column failure result_state generated always as (case when state between 'CANCELLED' and 'UNSCANNED' then state end) stored;
create index results_findings on results (engine_id, finding, scan_id) where finding is not null;
create index results_failures on results (engine_id, failure, scan_id) where failure is not null;
create index results_signature on results using gin (signature gin_trgm_ops) with (fastupdate = off) where signature is not null;


-- What samples of rows do not tell the planner: that a scan has some 20 results, and how few samples are very large.
alter table results alter column scan_id set (n_distinct = -0.05);
alter table samples alter column size set statistics 1000;

create index scans_verdict on scans (verdict, id) where verdict is not null;
create index scans_start_date on scans (start_date, id);

create index samples_mime on samples (mime text_pattern_ops, id);
create index samples_size on samples (size, id);
create index samples_first_seen on samples (first_seen, id);
