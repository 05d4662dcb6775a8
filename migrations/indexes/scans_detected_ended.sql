-- The same by their end, as the statistics count them.
create index concurrently scans_detected_ended on scans (end_date, id) where verdict >= 'SUSPICIOUS';
