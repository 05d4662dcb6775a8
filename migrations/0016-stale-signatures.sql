-- How old an AV engine's signatures may be before they count as stale, in milliseconds, by its manifest.
alter table engines add column stale_after_ms bigint not null default 604800000;

-- Whether signatures of this date are stale at that time. Unknown dates are not.
create function is_stale(type plugin_type, stale_after_ms bigint, signature_date timestamptz, at timestamptz) returns boolean
  language sql immutable parallel safe
  return type = 'AV' and coalesce(at - signature_date > stale_after_ms * interval '1 millisecond', false);
