-- A scan is updated with each of its results, and none of its indexes says what changes before a verdict does: with room in its page
-- such an update writes no index. Neighbours are updated together, so there is room for a second version of each.
alter table scans set (fillfactor = 50);
