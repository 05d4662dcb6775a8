-- Signatures that count for nothing: an operator knows that they are wrong.
create table suppressions (
  id bigint generated always as identity primary key,
  -- The engine's name; null: every engine.
  engine text,
  -- As engines report it, without ClamAV's .UNOFFICIAL.
  signature text collate "C" not null,
  reason text not null,
  created_at timestamptz not null default now(),
  -- Null: never.
  expires_at timestamptz,
  -- When it was lifted, or replaced after it had expired.
  ended_at timestamptz
);
create unique index suppressions_signature on suppressions (signature, (coalesce(lower(engine), ''))) where ended_at is null;

-- What an engine found that is suppressed, each with its reason as it was then.
alter table results add column suppressed jsonb;
