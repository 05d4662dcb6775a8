/** Row types of rulesets, and of what hosts do with them. */

import type { Generated, JSONColumnType } from "kysely";
import type { RuleJobKind, RuleJobState, RuleMistake, RulesetState, TryOutcome } from "../rule-job.js";
import type { GeneratedTimestamp, NullableTimestamp } from "./columns.js";

/** Versions of rulesets. Files and lists of files lie on the bus. */
export interface RulesetVersionsTable {
  id: Generated<number>;
  engine_id: number;
  /** The ruleset's name is that of its set. */
  set_name: string;
  number: number;
  /** sha256 of the list of its files. */
  digest: string;
  comment: string;
  /** Bytes of all files. */
  size: number;
  key_id: string | null;
  created_at: GeneratedTimestamp;
  state: Generated<RulesetState>;
  /** How many rules the check found. */
  rules: number | null;
  mistakes: JSONColumnType<RuleMistake[], string | undefined, string>;
  /** How many mistakes more there are. */
  omitted: Generated<number>;
  checked_at: NullableTimestamp;
  /** Since when its files are gone. */
  removed_at: NullableTimestamp;
}

/** The files of versions. */
export interface RulesetFilesTable {
  version_id: number;
  path: string;
  sha256: string;
  size: number;
}

/** The last number that a version of a ruleset was given, whether it is there or not. */
export interface RulesetNumbersTable {
  engine_id: number;
  set_name: string;
  last: number;
}

/** What a host does, or has done, with a version. */
export interface RulesetJobsTable {
  id: Generated<number>;
  version_id: number;
  kind: RuleJobKind;
  /** What its agent calls it: another name for each agent. */
  job: Generated<string>;
  /** Null: no host has it. */
  agent: string | null;
  /** Since when its agent's process runs. */
  process_started_at: NullableTimestamp;
  /** How often it was begun since there was progress that is kept. */
  hosts: Generated<number>;
  /** Agents that have said they cannot do it. */
  failed_agents: Generated<string[]>;
  state: Generated<RuleJobState>;
  /** Why it waits or has failed. */
  reason: string | null;
  /** Files of a check, samples of a try. */
  done: Generated<number>;
  total: Generated<number>;
  /** Of a try: the piece that its host has. */
  piece: Generated<number>;
  matched: Generated<number>;
  unfinished: Generated<number>;
  gone: Generated<number>;
  created_at: GeneratedTimestamp;
  given_at: NullableTimestamp;
  heard_at: NullableTimestamp;
  ended_at: NullableTimestamp;
}

/** The samples of a try, the newest first. */
export interface RulesetTrySamplesTable {
  job_id: number;
  at: number;
  sample_id: number;
  /** Null: not tried yet. */
  outcome: TryOutcome | null;
  rules: Generated<string[]>;
  reason: string | null;
}
