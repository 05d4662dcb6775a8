-- What the chunks of the blob are sealed with; null: they were stored as they are, before samples were sealed.
alter table samples add column blob_key bytea check (length(blob_key) = 32);
