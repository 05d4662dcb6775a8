-- The container image that an engine ran in: its id always, its digest where a registry knows it.
alter table results add column image_id text, add column image_digest text;
