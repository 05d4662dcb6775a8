-- Since when every agent that has the engine says that it does not work there. Open scans do not wait for it long.
alter table engines add column broken_since timestamptz;
