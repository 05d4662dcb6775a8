-- The rule of a scan's verdict, once, for every statement that writes one.

-- Whether the engine can say INFECTED although it is no AV engine, by its manifest: its absence is no proof then.
alter table engines add column detects boolean not null default false;

-- The scan's CLEAN is barred by this result. AV engines are counted by av_total and av_clean instead.
alter table results add column bars_clean boolean not null default false;

-- How many of its results, and of the engines that it left out, bar CLEAN.
alter table scans add column barriers smallint not null default 0;

-- Whether a result in this state bars CLEAN.
create function bars_clean(type plugin_type, detects boolean, state result_state) returns boolean
  language sql immutable parallel safe
  return detects and type <> 'AV' and state in ('CANCELLED', 'NO_AGENT', 'TIMEOUT', 'FAILED');

-- `worst` is INFECTED, SUSPICIOUS or null. Null: nothing can be said yet.
create function scan_verdict(worst verdict, is_final boolean, av_total bigint, av_clean bigint, barriers bigint) returns verdict
  language sql immutable parallel safe
  return greatest(worst, case
    when not is_final then null
    when av_total > 0 and av_clean = av_total and barriers = 0 then 'CLEAN'::verdict
    else 'INCONCLUSIVE'::verdict end);
