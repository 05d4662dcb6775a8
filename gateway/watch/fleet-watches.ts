import type { Logger } from "pino";
import type { EngineRecord, QueueRecord } from "../../schema/reports.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import type { Fleet } from "../fleet/fleet.js";
import type { PresentAgent } from "../fleet/presence.js";
import { createListWatch, type ListWatch } from "./list-watch.js";

/** The lists of the fleet that subscribers of this gateway watch. */
export interface FleetWatches {
  readonly agents: ListWatch<PresentAgent>;
  readonly engines: ListWatch<EngineRecord>;
  readonly queues: ListWatch<QueueRecord>;
}

export function createFleetWatches(
  db: Database,
  fleet: Fleet,
  readQueues: () => Promise<QueueRecord[]>,
  log: Logger,
): FleetWatches {
  return {
    agents: createListWatch<PresentAgent>(log, {
      name: "the list of agents",
      read: async () => fleet.agents(),
      key: (presence) => `${presence.class} ${presence.agent}`,
      // Every heartbeat changes this time.
      comparable: (presence) => ({ ...presence, lastHeardAt: null }),
    }),
    engines: createListWatch<EngineRecord>(log, {
      name: "the catalogue",
      read: () => readEngines(db),
      key: ({ engineId }) => String(engineId),
      // Every announcement of a healthy engine changes this time.
      comparable: (engine) => ({ ...engine, lastHealthyAt: null }),
    }),
    queues: createListWatch<QueueRecord>(log, {
      name: "the queues",
      read: readQueues,
      key: ({ engine }) => String(engine.engineId),
      comparable: ({ engine, ...queue }) => ({ ...queue, engine: { ...engine, lastHealthyAt: null } }),
    }),
  };
}
