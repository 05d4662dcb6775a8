-- What an engine could not look into in the sample, as its agent says it.
alter table results add column closed jsonb;
