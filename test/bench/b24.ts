/** B24: what a host takes of memory while a ClamAV of more than 500 MB is updated, beside the version that serves and in its place. */

import { setTimeout as pause } from "node:timers/promises";
import type { SwitchWay } from "../../schema/bundle-presence.js";
import type { Bench, Benchmark } from "./bench.js";
import { withUpdates, type UpdatedMesh } from "./clamav-updates.js";
import type { BenchMesh } from "./mesh.js";
import { metric, type Metric } from "./metric.js";
import { processesOf } from "./processor-time.js";
import { residentMB } from "./resident.js";
import { figureOf } from "./statistics.js";

/** So many that clamd holds more than 500 MB. */
const COUNTS = { hashes: 3_000_000, bodies: 600_000 };
const LEAST_MB = 500;
const LOOK_MS = 50;
const WAYS = { beside: "BESIDE", turn: "IN_TURN" } as const satisfies Record<string, SwitchWay>;
const HOW = { beside: "beside the version that serves", turn: "in its place" } as const;

export const b24: Benchmark = (bench) => {
  const counts = { hashes: bench.scaled(COUNTS.hashes, 1_000), bodies: bench.scaled(COUNTS.bodies, 1_000) };
  return withUpdates(bench, { counts, testSeconds: 1 }, (updated) => measure(bench, updated, counts.hashes >= COUNTS.hashes));
};

async function measure({ rounds, progress }: Bench, updated: UpdatedMesh, isWhole: boolean): Promise<Metric[]> {
  // From then on clamd has many.
  await updated.end(await updated.begin());
  const alone: number[] = [];
  const peaks = { beside: [] as number[], turn: [] as number[] };
  for (let round = 1; round <= rounds; round++)
    for (const way of ["beside", "turn"] as const) {
      await updated.setWay(WAYS[way]);
      const one = await settledMB(updated.mesh);
      if (isWhole && one < LEAST_MB) throw new Error(`clamd holds ${one.toFixed(0)} MB, less than ${LEAST_MB}`);
      const most = await progress.measure(
        `B24  round ${round} of ${rounds}  ${way}`,
        async () => peakOf(updated.mesh, async () => updated.end(await updated.begin())),
        (peak) => `${peak.toFixed(0)} MB, ${one.toFixed(0)} MB before`,
      );
      alone.push(one);
      peaks[way].push(most / one);
    }
  const about = (way: "beside" | "turn") => `the most memory of clamd while it is updated ${HOW[way]}, by that of one`;
  return [
    metric({ id: "B24.one", about: "resident memory of clamd with generated signatures", unit: "MB", figure: figureOf(alone) }),
    metric({ id: "B24.beside", about: about("beside"), unit: "ratio", figure: figureOf(peaks.beside) }),
    metric({ id: "B24.turn", about: about("turn"), unit: "ratio", figure: figureOf(peaks.turn) }),
  ];
}

/** What the host's only clamd takes, once the one before has ended. */
async function settledMB(mesh: BenchMesh): Promise<number> {
  for (;;) {
    const sizes = await clamdSizes(mesh);
    const [one] = sizes;
    if (one !== undefined && sizes.length === 1) return one;
    await pause(LOOK_MS);
  }
}

/** The most that all clamds take together at any moment while something is done. */
async function peakOf(mesh: BenchMesh, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      peak = Math.max(
        peak,
        (await clamdSizes(mesh)).reduce((sum, size) => sum + size, 0),
      );
      await pause(LOOK_MS);
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await looking;
  }
  return peak;
}

async function clamdSizes(mesh: BenchMesh): Promise<number[]> {
  const pids = (await processesOf(mesh.counted())).get("clamd") ?? [];
  return pids.flatMap((pid) => {
    try {
      return [residentMB(pid)].filter((size) => size > 0);
    } catch (error) {
      // It has ended since.
      if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return [];
      throw error;
    }
  });
}
