/** The engines that measure the mesh instead of the sample. */

import { availableParallelism } from "node:os";
import { Manifest } from "../../schema/manifest.js";
import { done, type Runner } from "../../scanner-agent/contract.js";
import type { EngineParts } from "../../scanner-agent/engine/engine.js";
import { NULL_SLOTS, SPIN_SLOTS } from "./slots.js";
import { createSpinPool } from "./spin.js";

/** `null` answers at once, `spin` burns processor time. */
export type BenchEngine = "null" | "spin";

/** The engine of this name, for an agent's overrides. */
export function benchEngine(name: BenchEngine, iterationsPerMs: number): EngineParts {
  const runner = name === "null" ? nullRunner() : spinRunner(iterationsPerMs);
  const manifest = Manifest.parse({
    name,
    type: "METADATA",
    speed: "ULTRA",
    internet: false,
    output: "fileinfo",
    // The runner is given beside the manifest; the schema wants a way to run nevertheless.
    run: { process: { command: [name] } },
  });
  return { manifest, runners: [runner], parse: () => done(null, null, null), slots: name === "null" ? NULL_SLOTS : SPIN_SLOTS };
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
