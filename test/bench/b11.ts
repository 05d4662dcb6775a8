/**
 * B11: engines that only wait, on one, two and four agents: how much of their slots the mesh keeps at work, and whether that is
 * what `npm run capacity` tells.
 */

import { engineRate, sharedRate } from "../../cli/capacity-plan.js";
import type { Bench, Benchmark } from "./bench.js";
import { pushThrough } from "./load.js";
import { startMesh, type BenchMesh } from "./mesh.js";
import { metric, type Metric } from "./metric.js";
import { SLOTS } from "./slots.js";
import { figureOf } from "./statistics.js";

const SLEEP_MS = 200;
const SECONDS = 8;
const AGENTS = [1, 2, 4];
/** Of corpus T. */
const SAMPLE_MB = 4_096 / 1e6;

export const b11: Benchmark = async (bench) => {
  const engine = { own: "sleep", setting: SLEEP_MS } as const;
  const mesh = await startMesh(engine, Buffer.from("first"));
  try {
    const metrics: Metric[] = [];
    for (let running = 1; running <= Math.max(...AGENTS); running++) {
      if (running > 1) await mesh.startAgent(`bench-${running}`, engine);
      if (AGENTS.includes(running)) metrics.push(...metricsOf(bench, running, await measureRates(bench, mesh, running)));
    }
    return metrics;
  } finally {
    await mesh.stop();
  }
};

/** Scans a second, of each round. */
async function measureRates({ rounds, corpus, progress, seconds }: Bench, mesh: BenchMesh, agents: number): Promise<number[]> {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    // Whole turns of all slots: no slot is idle at the end for want of samples.
    const count = agents * SLOTS.sleep * Math.max(1, Math.round((seconds(SECONDS) * 1_000) / SLEEP_MS));
    const forms = corpus.files("T", count).map((file, i) => mesh.bodyOf(file, `T-${i}`));
    const rate = await progress.measure(
      `B11  agents: ${agents}, round ${round}`,
      async (advance) => count / (await pushThrough(mesh, forms, advance)),
      (value) => `${value.toFixed(1)} scans/s`,
    );
    if (round > 0) rates.push(rate);
  }
  return rates;
}

function metricsOf(bench: Bench, agents: number, rates: readonly number[]): Metric[] {
  const most = (agents * SLOTS.sleep) / (SLEEP_MS / 1_000);
  const constants = bench.constants();
  const sleep = { name: "sleep", cpuMs: 0, cpuMsPerMB: 0, waitMs: SLEEP_MS, waitMsPerMB: 0, slots: SLOTS.sleep };
  // All parts share this machine.
  const planned = Math.min(engineRate(sleep, agents, SAMPLE_MB, constants), sharedRate([sleep], SAMPLE_MB, constants));
  const toPlan = figureOf(rates.map((rate) => rate / planned));
  const about = `agents: ${agents}, each with ${SLOTS.sleep} slots of an engine that waits ${SLEEP_MS} ms`;
  return [
    metric({
      id: `B11.${agents}`,
      about: `${about}; scans/s by slots / time`,
      unit: "ratio",
      figure: figureOf(rates.map((rate) => rate / most)),
    }),
    metric({
      id: `B11.${agents}.plan`,
      about: `${about}; measured by the ${planned.toFixed(1)} scans/s of \`npm run capacity\` is ${toPlan.median.toFixed(3)}; how far that is from 1`,
      unit: "share",
      figure: figureOf(toPlan.values.map((ratio) => Math.abs(ratio - 1))),
    }),
  ];
}
