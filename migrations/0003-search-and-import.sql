-- Scans by name: whole, or by how it begins. A name can be longer than what an index can hold.
create index scans_name on scans (left(name, 64) text_pattern_ops, id);

-- Databases of MultiAV2 that were imported, and how far.
create table imports (
  id integer generated always as identity primary key,
  source text not null unique,
  kept_ids_to bigint not null check (kept_ids_to >= 0),
  last_report bigint not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz
);

-- Reports that could not keep their ids.
create table imported_reports (
  import_id integer not null references imports on delete cascade,
  report_id bigint not null,
  scan_id bigint not null references scans on delete cascade,
  primary key (import_id, report_id)
);
create index imported_reports_scan on imported_reports (scan_id);
