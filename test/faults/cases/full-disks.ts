/** Disks without room. */

import { setTimeout as pause } from "node:timers/promises";
import { ALL_BUT_AGENTS, type FaultCase, type Stage } from "../case.js";
import type { Disk } from "../mesh/mesh.js";
import { sampleOf } from "../workload/samples.js";

const FULL_MS = 30_000;
const HANDED_BACK_MS = 5_000;

async function fill({ mesh }: Stage, which: Disk): Promise<void> {
  const disk = mesh.disk(which);
  await disk.fill();
  try {
    await pause(FULL_MS);
  } finally {
    await disk.empty();
  }
}

export const fullDiskNats: FaultCase = {
  name: "full-disk-nats",
  about: "The disk under nats-server is filled to the last byte for 30 s and emptied, and nats-server is restarted.",
  target: "nats",
  disks: ["nats"],
  answered: { reads: 1 },
  // It does without its streams once a write has failed; who supervises it restarts it when there is room.
  async run(stage) {
    await fill(stage, "nats");
    await stage.mesh.nats.down("SIGKILL");
    await stage.mesh.nats.up();
  },
};

export const fullDiskPostgres: FaultCase = {
  name: "full-disk-postgres",
  about: "The disk under Postgres is filled to the last byte for 30 s, and emptied.",
  target: "postgres",
  disks: ["postgres"],
  run: (stage) => fill(stage, "postgres"),
};

export const largerThanSpool: FaultCase = {
  name: "larger-than-spool",
  about: "A sample comes for which no agent's spool has room; all other samples are scanned meanwhile.",
  target: "agent",
  needs: ALL_BUT_AGENTS,
  disks: ["spool"],
  answered: { reads: 1, uploads: 1 },
  takesEveryUpload: true,
  async run({ mesh, send, probe }) {
    await send(mesh.gateways[0], sampleOf({ size: 40 * 1024 * 1024 }));
    await pause(HANDED_BACK_MS);
    const problems = await probe();
    return () => problems;
  },
};
