/** Row types of the catalogue of engines, and of orders for agents. */

import type { Generated, GeneratedAlways, JSONColumnType } from "kysely";
import type { EngineSettings } from "../agent-settings.js";
import type { EngineSpeed, PluginType } from "../classes.js";
import type { EngineSetup } from "../engine-setup.js";
import type { GeneratedTimestamp, NullableTimestamp, Timestamp } from "./columns.js";

/** The catalogue: every engine that an agent ever announced. */
export interface EnginesTable {
  id: GeneratedAlways<number>;
  name: string;
  type: PluginType;
  speed: EngineSpeed;
  internet: boolean;
  input: "file" | "hash";
  accepts: string[] | null;
  /** Whether its absence is no proof although it is no AV engine. */
  detects: Generated<boolean>;
  /** How old its signatures may be before they count as stale, in milliseconds. */
  stale_after_ms: Generated<number>;
  enabled: Generated<boolean>;
  engine_version: string | null;
  signature_version: string | null;
  signature_date: NullableTimestamp;
  /** When a healthy agent last announced it. */
  last_healthy_at: NullableTimestamp;
  /** Why no online agent can run it; null while one can, or none is online. */
  unhealthy: string | null;
  /** Since when every agent that has it says that it does not work there. */
  broken_since: NullableTimestamp;
  /** When the last agent that had it said that it has it no more; of no meaning once it was healthy again. */
  removed_at: NullableTimestamp;
  /** An operator has taken it out of the catalogue; the row stays for the results that name it. */
  forgotten: Generated<boolean>;
  /** Until when scans expect it if it has given no result yet; infinity once it has. */
  expected_until: GeneratedTimestamp;
  created_at: GeneratedTimestamp;
}

/** How engines are run, for the results that name it. */
export interface EngineSetupsTable {
  /** A hash of the setup. */
  id: string;
  setup: JSONColumnType<EngineSetup>;
  first_seen: GeneratedTimestamp;
  /** When an agent was last run so. */
  seen_at: GeneratedTimestamp;
}

/** Which agents have which engines. */
export interface EngineHostsTable {
  engine_id: number;
  agent: string;
  seen_at: GeneratedTimestamp;
}

/** The state ordered for an agent until the next order; without a row it is READY. */
export interface AgentOrdersTable {
  agent: string;
  state: "CORDONED" | "DRAINING";
  ordered_at: GeneratedTimestamp;
}

/** Agents as they were last heard, for a week. */
export interface AgentsTable {
  internet: boolean;
  agent: string;
  host: string;
  version: string;
  /** Names of the engines that it had. */
  engines: string[];
  started_at: Timestamp;
  heard_at: Timestamp;
  /** The newest way of sealing samples that it reads; null: none. */
  sealing: number | null;
}

/** What the mesh sets of the engines of agents. */
export interface AgentSettingsTable {
  agent: string;
  engines: JSONColumnType<EngineSettings[]>;
  /** Rises with every change in the whole mesh. */
  revision: Generated<number>;
  changed_at: GeneratedTimestamp;
  /** Minutes of the day (UTC) between which its engines follow updates; null: at any time. */
  window_from: number | null;
  window_to: number | null;
}

/** Agents that are restarted one after the other. */
export interface RollingRestartsTable {
  id: Generated<number>;
  agents: string[];
  /** How many of them are back. */
  done: Generated<number>;
  state: Generated<"RUNNING" | "DONE" | "FAILED" | "STOPPED">;
  /** When the process of the one that is being restarted was started; null: it is not asked yet. */
  process_started_at: NullableTimestamp;
  /** Which of its engines were healthy. */
  healthy: string[] | null;
  asked_at: NullableTimestamp;
  /** Why it has FAILED. */
  problem: string | null;
  started_at: GeneratedTimestamp;
  ended_at: NullableTimestamp;
}
