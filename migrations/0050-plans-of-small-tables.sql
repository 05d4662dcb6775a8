-- A statement that is prepared while its tables are small, and known to be, may read all of them, and keeps that plan until they are
-- analyzed again, a minute later. Tables that Postgres has not looked at yet it takes for larger ones, so it first looks at more rows.
alter table samples set (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
alter table scans set (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
alter table results set (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
alter table outbox set (autovacuum_analyze_threshold = 1000, autovacuum_vacuum_threshold = 1000);
