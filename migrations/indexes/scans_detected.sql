-- Lists of what engines disagree on, newest first, walk detections alone, although no engine may disagree on any.
create index concurrently scans_detected on scans (id) where verdict >= 'SUSPICIOUS';
