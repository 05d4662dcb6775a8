/** Processes that hang: nothing is closed, and nothing is answered. */

import { setTimeout as pause } from "node:timers/promises";
import type { FaultCase } from "../case.js";
import type { Kept } from "../mesh/keeper.js";

async function freeze(part: Kept, ms: number): Promise<void> {
  part.signal("SIGSTOP");
  try {
    await pause(ms);
  } finally {
    part.signal("SIGCONT");
  }
}

export const freezeGateway: FaultCase = {
  name: "freeze-gateway",
  about: "One of two gateways is stopped for 8 s, and goes on.",
  target: "gateway",
  takesEveryUpload: true,
  run: ({ mesh }) => freeze(mesh.gateways[1], 8_000),
};

export const freezeAgent: FaultCase = {
  name: "freeze-agent",
  about: "One of two agents is stopped for 10 s, so that its work goes to the other; then it goes on and answers late.",
  target: "agent",
  answered: { reads: 1, uploads: 1 },
  takesEveryUpload: true,
  run: ({ mesh }) => freeze(mesh.agents[1], 10_000),
};

export const freezeNats: FaultCase = {
  name: "freeze-nats",
  about: "nats-server is stopped for 30 s: connections stay open and nothing is answered.",
  target: "nats",
  answered: { reads: 1 },
  run: ({ mesh }) => freeze(mesh.nats, 30_000),
};

export const freezePostgres: FaultCase = {
  name: "freeze-postgres",
  about: "Postgres is stopped for 20 s with all of its processes: connections stay open and nothing is answered.",
  target: "postgres",
  run: ({ mesh }) => freeze(mesh.postgres, 20_000),
};
