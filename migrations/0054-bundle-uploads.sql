-- Bundles that are being sent: whoever has the token sends files, and publishes once.
create table bundle_uploads (
  -- sha256 of the token, in hexadecimal digits.
  token_hash text collate "C" primary key,
  engine_id integer not null references engines (id),
  set_name text collate "C" not null,
  -- The key that it was issued to; null: none, or a fetcher.
  key_id text collate "C" references api_keys (id),
  -- The fetcher's look that it is for; null: somebody asked for it.
  job uuid,
  -- Where its bundle is from, in words for people.
  source text not null,
  expires_at timestamptz not null,
  -- What was published with it; null: nothing yet.
  bundle_id bigint references bundles (id)
);
create index bundle_uploads_expiry on bundle_uploads (expires_at);
create unique index bundle_uploads_job on bundle_uploads (engine_id, set_name) where job is not null;

-- Who published it; null: a fetcher, or nobody who has a key.
alter table bundles add column key_id text collate "C" references api_keys (id);

-- Other meshes whose bundles are taken.
create table bundle_keys (
  -- sha256 of the public key, as people compare it.
  fingerprint text collate "C" primary key,
  -- Ed25519, as SubjectPublicKeyInfo.
  public_key bytea not null,
  -- What people call that mesh.
  name text not null,
  created_at timestamptz not null default now()
);
