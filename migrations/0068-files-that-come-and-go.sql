-- Files of bundles that are on their way, by the upload that sends or names them: they stay until it has ended.
create table bundle_upload_files (
  token_hash text collate "C" not null references bundle_uploads (token_hash) on delete cascade,
  sha256 text collate "C" not null,
  -- What it takes at most.
  bytes bigint not null,
  primary key (token_hash, sha256)
);
create index bundle_upload_files_sha256 on bundle_upload_files (sha256);

-- Files that are being removed from the bus: none of them is sent or published before that is done.
create table bundle_removals (
  internet boolean not null,
  sha256 text collate "C" not null,
  marked_at timestamptz not null default now(),
  primary key (internet, sha256)
);
