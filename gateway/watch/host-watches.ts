import type { Logger } from "pino";
import { readAgentKeys, type AgentKeyRecord } from "../db/agent-keys.js";
import { readAgentSettings, type AgentSettingsRecord } from "../db/agent-settings.js";
import type { Database } from "../db/database.js";
import { readJoinTokens, type JoinTokenRecord } from "../db/join-tokens.js";
import { readLastRestart, type RollingRestartRecord } from "../db/rolling-restarts.js";
import type { RulesetRecord } from "../db/rulesets.js";
import type { UpdateSetRecord } from "../db/update-sets.js";
import type { Fleet } from "../fleet/fleet.js";
import { createValueWatch, type ListWatch } from "./list-watch.js";

/** What subscribers on this gateway watch about joining and managed hosts. */
export interface HostWatches {
  readonly agentKeys: ListWatch<readonly AgentKeyRecord[]>;
  readonly agentSettings: ListWatch<readonly AgentSettingsRecord[]>;
  readonly rollingRestart: ListWatch<RollingRestartRecord | null>;
  readonly updateSets: ListWatch<readonly UpdateSetRecord[]>;
  readonly rulesets: ListWatch<readonly RulesetRecord[]>;
  readonly usableTokens: ListWatch<readonly JoinTokenRecord[]>;
  readonly allTokens: ListWatch<readonly JoinTokenRecord[]>;
}

export function createHostWatches(
  db: Database,
  fleet: Fleet,
  readers: { updateSets(): Promise<UpdateSetRecord[]>; rulesets(): Promise<RulesetRecord[]> },
  log: Logger,
): HostWatches {
  const tokens = (ended: boolean) =>
    createValueWatch(log, { name: "the join tokens", read: () => readJoinTokens(db, { ended }) });
  return {
    agentKeys: createValueWatch(log, { name: "the keys of agents", read: () => readAgentKeys(db) }),
    agentSettings: createValueWatch(log, {
      name: "the settings of agents",
      read: () => readAgentSettings(db),
      // Agents report whether the settings are applied.
      comparable: (records) => [records, fleet.agents().map(({ agent, settings }) => [agent, settings])],
    }),
    rollingRestart: createValueWatch(log, {
      name: "the last rolling restart",
      read: async () => (await readLastRestart(db)) ?? null,
    }),
    updateSets: createValueWatch(log, {
      name: "the updates of engines",
      read: readers.updateSets,
      // The canary's time grows continuously and is not a change.
      comparable: (sets) => sets.map(({ update, ...set }) => [set, update && { ...update, canaryMs: null }]),
    }),
    rulesets: createValueWatch(log, {
      name: "the rulesets",
      read: readers.rulesets,
      comparable: (rulesets) => rulesets.map(({ update, ...one }) => [one, update && { ...update, canaryMs: null }]),
    }),
    usableTokens: tokens(false),
    allTokens: tokens(true),
  };
}
