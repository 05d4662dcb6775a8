-- What the release before agents had keys of their own wrote: EICAR as its self-test and as a file, a text, a client's key, an agent.
set session_replication_role = replica;
insert into agents (
  internet, agent, host, version, engines, started_at, heard_at
) overriding system value select
  internet, agent, host, version, engines, started_at, heard_at
from jsonb_populate_recordset(null::agents, '[
  {"internet": false, "agent": "local-isolated", "host": "scanner-1", "version": "0.1.0", "engines": ["ClamAV",
    "FileInfo", "Yara"], "started_at": "2026-11-30T12:34:07.623+00:00", "heard_at": "2026-11-30T12:34:48.33243+00:00"}
]');
insert into api_keys (
  id, name, hash, scopes, rate, daily_scans, created_at, expires_at, revoked_at, last_used_at
) overriding system value select
  id, name, hash, scopes, rate, daily_scans, created_at, expires_at, revoked_at, last_used_at
from jsonb_populate_recordset(null::api_keys, '[
  {"id": "cg54156l5a1x", "name": "old client", "hash": "\\xf8925a05fe6a8a4ed6ccd329de40b1ccf653489a864aa59b50bd5f9f9e68fb6e",
    "scopes": ["admin"], "rate": null, "daily_scans": null, "created_at": "2026-11-30T12:35:45.867358+00:00",
    "expires_at": null, "revoked_at": null, "last_used_at": null}
]');
insert into engines (
  id, name, type, speed, internet, input, accepts, enabled, engine_version, signature_version, signature_date,
  last_healthy_at, unhealthy, created_at, detects, stale_after_ms, removed_at, forgotten, expected_until,
  broken_since
) overriding system value select
  id, name, type, speed, internet, input, accepts, enabled, engine_version, signature_version, signature_date,
  last_healthy_at, unhealthy, created_at, detects, stale_after_ms, removed_at, forgotten, expected_until,
  broken_since
from jsonb_populate_recordset(null::engines, '[
  {"id": 1, "name": "ClamAV", "type": "AV", "speed": "ULTRA", "internet": false, "input": "file", "accepts": null,
    "enabled": true, "engine_version": null, "signature_version": null, "signature_date": null, "last_healthy_at": null,
    "unhealthy": "no signatures in /var/lib/clamav: run freshclam as root, or npm run up -- --with-clamav; the image localhost/scanmesh/clamav is not on this Docker host: build it there (docs/run/engines.md says how)",
    "created_at": "2026-11-30T12:34:48.694937+00:00", "detects": false, "stale_after_ms": 604800000, "removed_at": null,
    "forgotten": false, "expected_until": "2026-11-30T12:35:52.160195+00:00", "broken_since": "2026-11-30T12:34:51.233009+00:00"},
  {"id": 2, "name": "FileInfo", "type": "METADATA", "speed": "ULTRA", "internet": false, "input": "file",
    "accepts": null, "enabled": true, "engine_version": "0.1.0", "signature_version": null, "signature_date": null,
    "last_healthy_at": "2026-11-30T12:35:46.159685+00:00", "unhealthy": null, "created_at": "2026-11-30T12:34:48.922435+00:00",
    "detects": false, "stale_after_ms": 604800000, "removed_at": null, "forgotten": false, "expected_until": "infinity",
    "broken_since": null},
  {"id": 3, "name": "Yara", "type": "METADATA", "speed": "MEDIUM", "internet": false, "input": "file", "accepts": null,
    "enabled": true, "engine_version": "1.20.0", "signature_version": "967f0782a5bf", "signature_date": "2026-11-29T23:54:46+00:00",
    "last_healthy_at": "2026-11-30T12:35:46.159685+00:00", "unhealthy": null, "created_at": "2026-11-30T12:34:49.136731+00:00",
    "detects": true, "stale_after_ms": 604800000, "removed_at": null, "forgotten": false, "expected_until": "infinity",
    "broken_since": null}
]');
insert into engine_hosts (
  engine_id, agent, seen_at
) overriding system value select
  engine_id, agent, seen_at
from jsonb_populate_recordset(null::engine_hosts, '[
  {"engine_id": 1, "agent": "local-isolated", "seen_at": "2026-11-30T12:34:49.56543+00:00"},
  {"engine_id": 2, "agent": "local-isolated", "seen_at": "2026-11-30T12:34:49.56543+00:00"},
  {"engine_id": 3, "agent": "local-isolated", "seen_at": "2026-11-30T12:34:49.56543+00:00"}
]');
insert into samples (
  id, sha256, md5, sha1, size, mime, blob, isolated_chunks, internet_chunks, first_seen
) overriding system value select
  id, sha256, md5, sha1, size, mime, blob, isolated_chunks, internet_chunks, first_seen
from jsonb_populate_recordset(null::samples, '[
  {"id": 1, "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f", "md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140", "size": 68, "mime": "text/plain", "blob": "01a22c73-6960-779c-ad2e-9be2d7c43a90",
    "isolated_chunks": [1], "internet_chunks": null, "first_seen": "2026-11-30T12:34:51.392117+00:00"},
  {"id": 2, "sha256": "0d5a9ff416e276467ceba5d9d3288e3ad0adfc824b144fe867bc09e0050d507a", "md5": "6dc53d61a6a9ab6b469c410dd515e043",
    "sha1": "1cb01090becef04dbcd1d8673dad55c7fd890171", "size": 12, "mime": "text/plain", "blob": "01a22c73-c06b-74c1-9fc7-412fb69de57b",
    "isolated_chunks": [2], "internet_chunks": null, "first_seen": "2026-11-30T12:35:13.270289+00:00"}
]');
insert into scans (
  id, sample_id, name, speed, internet, start_date, deadline, end_date, verdict, done, total, detections,
  av_total, av_clean, revision, skipped, labels, priority, stop_after, batch_id, previous, barriers
) overriding system value select
  id, sample_id, name, speed, internet, start_date, deadline, end_date, verdict, done, total, detections,
  av_total, av_clean, revision, skipped, labels, priority, stop_after, batch_id, previous, barriers
from jsonb_populate_recordset(null::scans, '[
  {"id": 1, "sample_id": 1, "name": "eicar.com", "speed": "ALL", "internet": false, "start_date": "2026-11-30T12:34:51.392117+00:00",
    "deadline": "2026-11-30T12:49:51.392117+00:00", "end_date": "2026-11-30T12:34:55.416002+00:00", "verdict": "INCONCLUSIVE",
    "done": 1, "total": 1, "detections": 0, "av_total": 0, "av_clean": 0, "revision": 2, "skipped": [{"engine": "ClamAV",
    "reason": "NOT_SELECTED"}, {"engine": "Yara", "reason": "NOT_SELECTED"}], "labels": {}, "priority": "NORMAL",
    "stop_after": null, "batch_id": null, "previous": null, "barriers": 0},
  {"id": 2, "sample_id": 2, "name": "notes.txt", "speed": "ALL", "internet": false, "start_date": "2026-11-30T12:35:13.270289+00:00",
    "deadline": "2026-11-30T12:50:13.270289+00:00", "end_date": "2026-11-30T12:35:15.462856+00:00", "verdict": "INCONCLUSIVE",
    "done": 2, "total": 2, "detections": 0, "av_total": 0, "av_clean": 0, "revision": 3, "skipped": [{"engine": "ClamAV",
    "reason": "UNHEALTHY"}], "labels": {}, "priority": "NORMAL", "stop_after": null, "batch_id": null, "previous": null,
    "barriers": 0},
  {"id": 3, "sample_id": 1, "name": "attachment.txt", "speed": "ALL", "internet": false, "start_date": "2026-11-30T12:35:13.576171+00:00",
    "deadline": "2026-11-30T12:50:13.576171+00:00", "end_date": "2026-11-30T12:35:19.094047+00:00", "verdict": "INFECTED",
    "done": 2, "total": 2, "detections": 1, "av_total": 0, "av_clean": 0, "revision": 3, "skipped": [{"engine": "ClamAV",
    "reason": "UNHEALTHY"}], "labels": {}, "priority": "NORMAL", "stop_after": null, "batch_id": null, "previous": null,
    "barriers": 0}
]');
insert into results (
  scan_id, engine_id, state, verdict, signature, error, engine_version, signature_version, signature_date,
  agent, started_at, ended_at, duration_ms, details, truncated, image_id, image_digest, reused_from, cause,
  bars_clean, fingerprint
) overriding system value select
  scan_id, engine_id, state, verdict, signature, error, engine_version, signature_version, signature_date,
  agent, started_at, ended_at, duration_ms, details, truncated, image_id, image_digest, reused_from, cause,
  bars_clean, fingerprint
from jsonb_populate_recordset(null::results, '[
  {"scan_id": 1, "engine_id": 2, "state": "DONE", "verdict": null, "signature": null, "error": null, "engine_version": "0.1.0",
    "signature_version": null, "signature_date": null, "agent": "local-isolated", "started_at": "2026-11-30T12:34:51.739+00:00",
    "ended_at": "2026-11-30T12:34:55.416002+00:00", "duration_ms": 3554.17, "details": {"md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140", "size": 68, "trid": [], "magic": {"mime": "text/plain",
    "description": "EICAR virus test files"}, "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "ssdeep": "3:a+JraNvsgzsVqSwHq9:tJuOgzsko", "entropy": 4.8723, "missing": ["trid"], "exiftool": {"FileType": "TXT",
    "MIMEType": "text/plain", "Newlines": "(none)", "LineCount": "1", "WordCount": "1", "MIMEEncoding": "us-ascii",
    "FileTypeExtension": "txt"}}, "truncated": false, "image_id": null, "image_digest": null, "reused_from": null,
    "cause": null, "bars_clean": false, "fingerprint": "e341e81af895e61822673e848a73cb99b8575bde20dea8beb9431d16bab6c406"},
  {"scan_id": 2, "engine_id": 3, "state": "DONE", "verdict": null, "signature": null, "error": null, "engine_version": "1.20.0",
    "signature_version": "967f0782a5bf", "signature_date": "2026-11-29T23:54:46+00:00", "agent": "local-isolated",
    "started_at": "2026-11-30T12:35:13.444+00:00", "ended_at": "2026-11-30T12:35:13.791771+00:00", "duration_ms": 195.021,
    "details": {"yara": {"matches": []}}, "truncated": false, "image_id": null, "image_digest": null, "reused_from": null,
    "cause": null, "bars_clean": false, "fingerprint": "34639816aa13064b3239a1eb46362731bf4fa2a4b2f643b4c4daeed49268536d"},
  {"scan_id": 3, "engine_id": 3, "state": "DONE", "verdict": "INFECTED", "signature": "EICAR_Test_File",
    "error": null, "engine_version": "1.20.0", "signature_version": "967f0782a5bf", "signature_date": "2026-11-29T23:54:46+00:00",
    "agent": "local-isolated", "started_at": "2026-11-30T12:35:13.755+00:00", "ended_at": "2026-11-30T12:35:14.270513+00:00",
    "duration_ms": 457.64, "details": {"yara": {"matches": [{"meta": {"author": "ScanMesh", "verdict": "infected",
    "category": "test", "description": "EICAR anti-virus test file"}, "rule": "EICAR_Test_File", "tags": [],
    "strings": [{"name": "$file", "length": 68, "offset": 0}], "namespace": "eicar"}]}}, "truncated": false,
    "image_id": null, "image_digest": null, "reused_from": null, "cause": null, "bars_clean": false, "fingerprint": "34639816aa13064b3239a1eb46362731bf4fa2a4b2f643b4c4daeed49268536d"},
  {"scan_id": 2, "engine_id": 2, "state": "DONE", "verdict": null, "signature": null, "error": null, "engine_version": "0.1.0",
    "signature_version": null, "signature_date": null, "agent": "local-isolated", "started_at": "2026-11-30T12:35:13.444+00:00",
    "ended_at": "2026-11-30T12:35:15.462856+00:00", "duration_ms": 2008.38, "details": {"md5": "6dc53d61a6a9ab6b469c410dd515e043",
    "sha1": "1cb01090becef04dbcd1d8673dad55c7fd890171", "size": 12, "trid": [], "magic": {"mime": "text/plain",
    "description": "ASCII text, with no line terminators"}, "sha256": "0d5a9ff416e276467ceba5d9d3288e3ad0adfc824b144fe867bc09e0050d507a",
    "ssdeep": "3:sVJlL4:sjlL4", "entropy": 3.085, "missing": ["trid"], "exiftool": {"FileType": "TXT", "MIMEType": "text/plain",
    "Newlines": "(none)", "LineCount": "1", "WordCount": "3", "MIMEEncoding": "us-ascii", "FileTypeExtension": "txt"}},
    "truncated": false, "image_id": null, "image_digest": null, "reused_from": null, "cause": null, "bars_clean": false,
    "fingerprint": "e341e81af895e61822673e848a73cb99b8575bde20dea8beb9431d16bab6c406"},
  {"scan_id": 3, "engine_id": 2, "state": "DONE", "verdict": null, "signature": null, "error": null, "engine_version": "0.1.0",
    "signature_version": null, "signature_date": null, "agent": "local-isolated", "started_at": "2026-11-30T12:35:13.755+00:00",
    "ended_at": "2026-11-30T12:35:19.094047+00:00", "duration_ms": 5333.423, "details": {"md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140", "size": 68, "trid": [], "magic": {"mime": "text/plain",
    "description": "EICAR virus test files"}, "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
    "ssdeep": "3:a+JraNvsgzsVqSwHq9:tJuOgzsko", "entropy": 4.8723, "missing": ["trid"], "exiftool": {"FileType": "TXT",
    "MIMEType": "text/plain", "Newlines": "(none)", "LineCount": "1", "WordCount": "1", "MIMEEncoding": "us-ascii",
    "FileTypeExtension": "txt"}}, "truncated": false, "image_id": null, "image_digest": null, "reused_from": null,
    "cause": null, "bars_clean": false, "fingerprint": "e341e81af895e61822673e848a73cb99b8575bde20dea8beb9431d16bab6c406"}
]');
-- Two scans that it had not finished: a request that is not published yet, and one on a bus that is gone.
insert into samples (id, sha256, md5, sha1, size, mime, blob, isolated_chunks) overriding system value values (
  3, '59578ec5cb82f15bb2a4ec491425d8fdb8bb7324cfb92acbd193e4a819515d41', '6ea62ea2a4ebbb8264bc9662f9edc949',
  'e8e644ae945ab939d15628800ee4b6745aafb422', 28, 'text/plain', '01a22c73-d06b-74c1-9fc7-412fb69de57b', array[3]);
insert into scans (id, sample_id, name, speed, internet, deadline, total, skipped) overriding system value
  select id, 3, 'open.txt', 'ALL', false, now() + interval '15 minutes', 2, '[]' from generate_series(4, 5) as id;
insert into results (scan_id, engine_id) select scan, engine from generate_series(4, 5) as scan, generate_series(2, 3) as engine;
insert into outbox (scan_id, speed, internet, engine_ids, published_at, stream_created, seq) values
  (4, 'ULTRA', false, '{2}', null, null, null), (4, 'MEDIUM', false, '{3}', null, null, null),
  (5, 'ULTRA', false, '{2}', now(), 'before', 7), (5, 'MEDIUM', false, '{3}', now(), 'before', 8);
update agents set heard_at = now();
update engine_hosts set seen_at = now();
select setval('samples_id_seq', 10);
select setval('engines_id_seq', 10);
select setval('scans_id_seq', 10);
set session_replication_role = default;
