/** Processes that are killed, at any moment, and started again by whoever keeps them running. */

import { setTimeout as pause } from "node:timers/promises";
import type { FaultCase } from "../case.js";
import type { Kept } from "../mesh/keeper.js";
import type { Mesh } from "../mesh/mesh.js";
import { readiness } from "../workload/client.js";

const READY_WITHIN_MS = 30_000;

async function killAgain(part: Kept, times: number, everyMs: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    part.signal("SIGKILL");
    await pause(everyMs);
  }
}

export const killGateway: FaultCase = {
  name: "kill-gateway",
  about: "One of two gateways is killed three times; it starts again by itself.",
  target: "gateway",
  takesEveryUpload: true,
  run: ({ mesh }) => killAgain(mesh.gateways[0], 3, 4_000),
};

export const killAgent: FaultCase = {
  name: "kill-agent",
  about: "One of two agents is killed five times in the middle of scans; it starts again by itself.",
  target: "agent",
  answered: { reads: 1, uploads: 1 },
  takesEveryUpload: true,
  run: ({ mesh }) => killAgain(mesh.agents[0], 5, 3_000),
};

export const killNats: FaultCase = {
  name: "kill-nats",
  about: "nats-server is killed and started again four times, by SIGTERM and SIGKILL in turn, with its store.",
  target: "nats",
  answered: { reads: 1 },
  async run({ mesh }) {
    for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL"] as const) {
      await mesh.nats.down(signal);
      await pause(1_000);
      await mesh.nats.up();
      await pause(3_000);
    }
  },
};

export const killPostgres: FaultCase = {
  name: "kill-postgres",
  about: "Postgres is restarted under load: by a fast and an immediate shutdown, then by SIGKILL.",
  target: "postgres",
  async run({ mesh }) {
    for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
      await mesh.postgres.down(signal);
      await pause(1_000);
      await mesh.postgres.up();
      await pause(3_000);
    }
  },
};

/** The next is not restarted before the last one is back. */
async function untilReady({ gateways }: Mesh): Promise<void> {
  for (const until = Date.now() + READY_WITHIN_MS; Date.now() < until; await pause(200)) {
    const says = await Promise.all(gateways.map(({ url }) => readiness(url)));
    if (says.every((word) => word === "ok")) return;
  }
}

export const rollingRestart: FaultCase = {
  name: "rolling-restart",
  about: "Gateways and agents are restarted one after the other, as an update does it.",
  target: "gateway",
  answered: { reads: 0.5 },
  takesEveryUpload: true,
  async run({ mesh }) {
    for (const part of [...mesh.gateways, ...mesh.agents, mesh.internetAgent]) {
      await part.down("SIGTERM");
      await part.up();
      await untilReady(mesh);
    }
  },
};
