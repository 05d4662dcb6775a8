/** The engines that measure the mesh instead of the sample. */

import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { Manifest } from "../../schema/manifest.js";
import { done, type Runner } from "../../scanner-agent/contract.js";
import type { EngineParts } from "../../scanner-agent/engine/engine.js";
import { SLOTS } from "./slots.js";
import { createSpinPool } from "./spin.js";

const FINGERPRINT = "bench";

/**
 * `null` answers at once, `known` too and says what its answers depend on, `spin` burns processor time, and `sleep` waits; `sleep`
 * is slow, the others are of the fastest class.
 */
export const BENCH_ENGINES = ["null", "known", "spin", "sleep"] as const;
export type BenchEngine = (typeof BENCH_ENGINES)[number];

/** One of them, with what it is told: `spin` its iterations a millisecond, `sleep` its milliseconds. */
export interface OwnEngine {
  readonly own: BenchEngine;
  readonly setting: number;
  /** So many of the same, each an engine with a name of its own; one if not said. */
  readonly copies?: number;
}

export const NULL_ENGINE: OwnEngine = { own: "null", setting: 0 };

/** The names under which it takes part. */
export function engineNames({ own, copies = 1 }: OwnEngine): string[] {
  return Array.from({ length: copies }, (_, i) => (i === 0 ? own : `${own}-${i + 1}`));
}

/** The engines for an agent's overrides. */
export function benchEngines(engine: OwnEngine): EngineParts[] {
  return engineNames(engine).map((name) => benchEngine(name, engine));
}

function benchEngine(name: string, { own, setting }: OwnEngine): EngineParts {
  const manifest = Manifest.parse({
    name,
    type: "METADATA",
    speed: own === "sleep" ? "SLOW" : "ULTRA",
    internet: false,
    output: "fileinfo",
    // The runner is given beside the manifest; the schema wants a way to run nevertheless.
    run: { process: { command: [own] } },
  });
  return { manifest, runners: [runnerOf(own, setting)], parse: () => done(null, null, null), slots: SLOTS[own] };
}

function runnerOf(own: BenchEngine, setting: number): Runner {
  if (own === "spin") return spinRunner(setting);
  if (own === "sleep") return { ...nullRunner(), run: () => pause(setting, answer) };
  return own === "known" ? { ...nullRunner(), fingerprint: () => Promise.resolve(FINGERPRINT) } : nullRunner();
}

const answer = { exitCode: 0, stdout: "", stderr: "" };
const versions = () => Promise.resolve({ engine: "bench", signatures: null, signatureDate: null });

function nullRunner(): Runner {
  return {
    description: "bench",
    takesBytes: true,
    start: () => Promise.resolve(),
    versions,
    run: () => Promise.resolve(answer),
    stop: () => Promise.resolve(),
  };
}

function spinRunner(iterationsPerMs: number): Runner {
  const pool = createSpinPool(availableParallelism(), iterationsPerMs);
  return {
    description: "bench",
    takesBytes: true,
    start: () => Promise.resolve(),
    versions,
    async run({ size }) {
      await pool.spin(size);
      return answer;
    },
    stop: pool.stop,
  };
}
