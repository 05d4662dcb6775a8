-- What is withdrawn before its time, and what operators want of agents.

-- Messages to be deleted from the bus once the transaction that entered them has committed: requests of the SCANS stream that
-- was created then, or a blob's chunks in SAMPLES.
create table removals (
  id bigint generated always as identity primary key,
  internet boolean not null,
  stream_created text,
  blob uuid,
  seqs bigint[] not null,
  created_at timestamptz not null default now(),
  check ((stream_created is null) <> (blob is null))
);

-- What an agent is to be until somebody says otherwise. An agent without a row is to take work.
create table agent_orders (
  agent text collate "C" primary key,
  state text not null check (state in ('CORDONED', 'DRAINING')),
  ordered_at timestamptz not null default now()
);

create index uploads_sample on uploads (sample_id) where sample_id is not null;
