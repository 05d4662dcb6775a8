import type { Logger } from "pino";
import type { Presence } from "../../schema/messages.js";
import type { EngineRecord, QueueRecord } from "../../schema/reports.js";
import type { Database } from "../db/database.js";
import { readEngines } from "../db/engines.js";
import { createBoard, type Board } from "./list-watch.js";
import type { Fleet } from "../fleet/fleet.js";

/** What is watched as a whole on this gateway. */
export interface Boards {
  readonly agents: Board<Presence>;
  readonly engines: Board<EngineRecord>;
  readonly queues: Board<QueueRecord>;
}

export function createBoards(db: Database, fleet: Fleet, queues: () => Promise<QueueRecord[]>, log: Logger): Boards {
  return {
    agents: createBoard<Presence>(log, {
      name: "the list of agents",
      read: async () => fleet.agents(),
      key: (presence) => `${presence.class} ${presence.agent}`,
      visible: (presence) => presence,
    }),
    engines: createBoard<EngineRecord>(log, {
      name: "the catalogue",
      read: () => readEngines(db),
      key: ({ engineId }) => String(engineId),
      visible: (engine) => ({ ...engine, lastHealthyAt: null }),
    }),
    queues: createBoard<QueueRecord>(log, {
      name: "the queues",
      read: queues,
      key: ({ engine }) => String(engine.engineId),
      visible: ({ engine, ...queue }) => ({ ...queue, engine: { ...engine, lastHealthyAt: null } }),
    }),
  };
}
