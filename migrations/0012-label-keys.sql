-- Scans by the keys of their labels too, whatever the values: an index of paths finds only a key with its value.
drop index scans_labels;
create index scans_labels on scans using gin (labels) where labels <> '{}';
