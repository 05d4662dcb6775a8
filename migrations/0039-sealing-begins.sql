-- Ways of sealing samples that are in use, and since when: from then on every sample is sealed, whoever comes.
create table sealing (
  version integer primary key,
  since timestamptz not null default now()
);

-- The newest way that each reads; null: none.
alter table gateways add column sealing integer;
alter table agents add column sealing integer;
