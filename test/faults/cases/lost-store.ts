/** What NATS keeps is lost, while the mesh runs. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FaultCase } from "../case.js";
import { withPeer } from "../mesh/peer.js";
import type { Mesh } from "../mesh/mesh.js";

const LASTS_MS = 5_000;

export const wipeNats: FaultCase = {
  name: "wipe-nats",
  about: "nats-server is killed, its store is wiped, and it starts again with nothing.",
  target: "nats",
  losesBytes: true,
  answered: { reads: 1 },
  async run({ mesh }) {
    await mesh.nats.down("SIGKILL");
    await rm(join(mesh.folder, "nats", "store"), { recursive: true, force: true });
    await mesh.nats.up();
    await pause(LASTS_MS);
  },
};

/** Deletes them, one every few seconds, in the account of isolated engines. */
async function loseStreams(mesh: Mesh, names: readonly string[]): Promise<void> {
  await withPeer(mesh, mesh.keys.creds.gateway.isolated, async (nc) => {
    const manager = await nc.jetstreamManager();
    for (const name of names) {
      await manager.streams.delete(name);
      await pause(LASTS_MS);
    }
  });
}

export const lostStreams: FaultCase = {
  name: "lost-streams",
  about: "The streams of requests and results and the bucket of presence are deleted, one after the other.",
  target: "nats",
  answered: { reads: 1 },
  run: ({ mesh }) => loseStreams(mesh, ["SCANS", "RESULTS", "KV_AGENTS"]),
};

export const lostSamples: FaultCase = {
  name: "lost-samples",
  about: "The stream of samples is deleted, and all stored bytes with it.",
  target: "nats",
  losesBytes: true,
  answered: { reads: 1 },
  run: ({ mesh }) => loseStreams(mesh, ["SAMPLES"]),
};

export const lostDurables: FaultCase = {
  name: "lost-durables",
  about: "The durables of an engine and of the gateways' recorder are deleted.",
  target: "nats",
  answered: { reads: 1 },
  run: ({ mesh }) =>
    withPeer(mesh, mesh.keys.creds.gateway.isolated, async (nc) => {
      const manager = await nc.jetstreamManager();
      for (const [stream, durable] of [
        ["SCANS", "canary"],
        ["RESULTS", "recorder"],
      ] as const) {
        await manager.consumers.delete(stream, durable);
        await pause(LASTS_MS);
      }
    }),
};
