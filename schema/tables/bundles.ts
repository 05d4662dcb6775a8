/** Row types of bundles, and of how they come to engines. */

import type { Generated, JSONColumnType } from "kysely";
import type { BundleKind } from "../bundle.js";
import type { SwitchWay } from "../bundle-presence.js";
import type { FetchState } from "../fetch-job.js";
import type { EngineUpdateState, HostUpdateState, UpdateCause } from "../update-states.js";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";

/** Versions of what engines need. Files and manifests lie on the bus. */
export interface BundlesTable {
  id: Generated<number>;
  engine_id: number;
  set_name: string;
  /** The mesh's own order within the set. */
  sequence: number;
  kind: BundleKind;
  /** sha256 of the manifest's bytes, in hexadecimal digits. */
  digest: string;
  /** Of the digest, by the key of the mesh that made the bundle. */
  signature: Buffer;
  version: string | null;
  made_at: NullableTimestamp;
  /** Bytes of all files. */
  size: number;
  /** How many files it has, or had. */
  file_count: Generated<number>;
  /** Where it is from, in words for people. */
  source: string;
  created_at: GeneratedTimestamp;
  /** Since when its files are gone. */
  removed_at: NullableTimestamp;
  /** Who published it; null: a fetcher, or nobody who has a key. */
  key_id: string | null;
  /** Whether a fetcher brought it: only such a bundle is served without being asked for. */
  fetched: Generated<boolean>;
  /** Of which version of a ruleset it was made. */
  ruleset_version: number | null;
}

/** Bundles that are being sent. */
export interface BundleUploadsTable {
  /** sha256 of the token, in hexadecimal digits. */
  token_hash: string;
  engine_id: number;
  set_name: string;
  /** The key that it was issued to; null: none, or a fetcher. */
  key_id: string | null;
  /** The fetcher's look that it is for. */
  job: string | null;
  /** Where its bundle is from, in words for people. */
  source: string;
  expires_at: Timestamp;
  /** What was published with it. */
  bundle_id: number | null;
  /** What is sent becomes a version of a ruleset with this comment; null: it becomes a bundle. */
  ruleset_comment: string | null;
  /** The version that was made of it. */
  ruleset_version: number | null;
}

/** Files that are on their way, by the upload that sends or names them. */
export interface BundleUploadFilesTable {
  token_hash: string;
  sha256: string;
  /** What it takes at most. */
  bytes: number;
}

/** Files that are being removed from the bus. */
export interface BundleRemovalsTable {
  internet: boolean;
  sha256: string;
  marked_at: GeneratedTimestamp;
}

/** Other meshes whose bundles are taken. */
export interface BundleKeysTable {
  fingerprint: string;
  /** Ed25519, as SubjectPublicKeyInfo. */
  public_key: Buffer;
  name: string;
  created_at: GeneratedTimestamp;
}

/** The files of bundles. */
export interface BundleFilesTable {
  bundle_id: number;
  path: string;
  sha256: string;
  size: number;
}

/** What an engine is to serve on a host; without a row, what the host gives it. */
export interface EngineTargetsTable {
  engine_id: number;
  agent: string;
  set_name: string;
  bundle_id: number;
  changed_at: GeneratedTimestamp;
}

/** How the bundles of a set come to its engine. */
export interface UpdatePoliciesTable {
  engine_id: number;
  set_name: string;
  /** What is fetched is served without being asked for. */
  automatic: Generated<boolean>;
  /** Between two looks at the source. */
  check_every_ms: Generated<number>;
  /** Minutes of the day (UTC) between which updates begin; null: at any time. */
  window_from: number | null;
  window_to: number | null;
  /** Null: not paused; infinity: until it is resumed. */
  paused_until: NullableTimestamp;
  /** How the new instance takes the old one's place. */
  switch: Generated<SwitchWay>;
}

/** The last look at the source of a set. */
export interface FetchJobsTable {
  engine_id: number;
  set_name: string;
  job: string;
  /** The fetcher that has it; null: nobody yet. */
  agent: string | null;
  state: FetchState;
  reason: string | null;
  /** Until when the source refuses. */
  blocked_until: NullableTimestamp;
  asked_at: GeneratedTimestamp;
  /** When the fetcher was heard of last. */
  heard_at: NullableTimestamp;
  /** When the source answered last. */
  checked_at: NullableTimestamp;
  /** When the next look begins. */
  next_at: Timestamp;
  failures_in_a_row: Generated<number>;
}

/** One engine's way from one bundle of a set to another. */
export interface EngineUpdatesTable {
  id: Generated<number>;
  engine_id: number;
  set_name: string;
  /** What was served before; null: what its hosts gave it. */
  from_bundle: number | null;
  /** Null: back to what its hosts give it. */
  to_bundle: number | null;
  cause: UpdateCause;
  skip_canary: Generated<boolean>;
  state: Generated<EngineUpdateState>;
  /** Why it was held, rolled back or cancelled. */
  reason: string | null;
  /** What the canary was held against, and what it did. */
  evidence: JSONColumnType<Record<string, unknown>> | null;
  created_at: GeneratedTimestamp;
  started_at: NullableTimestamp;
  ended_at: NullableTimestamp;
  /** The host that serves the new bundle before the others; null: not chosen yet. */
  canary: string | null;
  /** Since when it does. */
  canary_since: NullableTimestamp;
  /** The newest scan at that time. */
  canary_scan: number | null;
  /** What it waits for, in words for people, and until when at the latest. */
  waits_for: string | null;
  waits_until: NullableTimestamp;
}

/** How far an update is on a host. */
export interface EngineUpdateHostsTable {
  update_id: number;
  agent: string;
  state: Generated<HostUpdateState>;
  reason: string | null;
  changed_at: GeneratedTimestamp;
  /** Since when its target is the new bundle; null: not yet. */
  begun_at: NullableTimestamp;
  /** Since when its agent is not heard. */
  gone_since: NullableTimestamp;
  /** Since when its engine is not well with the new bundle. */
  unwell_since: NullableTimestamp;
  /** When its agent's process was started. */
  process_started_at: NullableTimestamp;
  /** How often it was started again since its target is the new bundle. */
  restarts: Generated<number>;
  /** How much of the bundles is there, and all of it, in bytes. */
  bytes: Generated<number>;
  total: Generated<number>;
}
