-- What a result depends on besides the sample: the engine's program, signatures and rules. Null: unknown, and such a result is never
-- taken over by a later scan.
alter table results add column fingerprint text;
