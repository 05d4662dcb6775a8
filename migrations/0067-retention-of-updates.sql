-- How many files a bundle has: the list of a bundle whose files are gone is not kept for ever.
alter table bundles add column file_count integer not null default 0;
update bundles set file_count = (select count(*) from bundle_files where bundle_id = bundles.id);

-- When an agent was last run so: what no result names goes a while after that.
alter table engine_setups add column seen_at timestamptz not null default now();
