import type { Logger } from "pino";
import type { EngineRecord, QueueRecord } from "../../schema/reports.js";
import type { AgentRecord } from "../db/agents.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import type { Fleet } from "../fleet/fleet.js";
import type { PresentAgent } from "../fleet/presence.js";
import { createListWatch, createValueWatch, type ListWatch } from "./list-watch.js";

/** The lists of the fleet that subscribers on this gateway watch. */
export interface FleetWatches {
  readonly agents: ListWatch<PresentAgent>;
  /** The same agents, for subscribers that want every heartbeat. */
  readonly heartbeats: ListWatch<PresentAgent>;
  readonly goneAgents: ListWatch<readonly AgentRecord[]>;
  readonly engines: ListWatch<EngineRecord>;
  readonly queues: ListWatch<QueueRecord>;
}

/** Reads that are provided by the folders above this one. */
export interface FleetReaders {
  queues(): Promise<QueueRecord[]>;
  goneAgents(): Promise<AgentRecord[]>;
}

export function createFleetWatches(db: Database, fleet: Fleet, readers: FleetReaders, log: Logger): FleetWatches {
  const agents = {
    name: "the list of agents",
    read: async () => fleet.agents(),
    key: (presence: PresentAgent) => `${presence.class} ${presence.agent}`,
  };
  return {
    agents: createListWatch<PresentAgent>(log, {
      ...agents,
      // This time changes with every heartbeat.
      comparable: (presence) => ({ ...presence, lastHeardAt: null }),
    }),
    heartbeats: createListWatch<PresentAgent>(log, { ...agents, comparable: (presence) => presence }),
    goneAgents: createValueWatch(log, { name: "the agents that are gone", read: readers.goneAgents }),
    engines: createListWatch<EngineRecord>(log, {
      name: "the catalogue",
      read: () => readEngines(db),
      key: ({ engineId }) => String(engineId),
      // This time changes with every announcement of a healthy engine.
      comparable: (engine) => ({ ...engine, lastHealthyAt: null }),
    }),
    queues: createListWatch<QueueRecord>(log, {
      name: "the queues",
      read: readers.queues,
      key: ({ engine }) => String(engine.engineId),
      comparable: ({ engine, ...queue }) => ({ ...queue, engine: { ...engine, lastHealthyAt: null } }),
    }),
  };
}
