/** The engines of the mesh under test. They are quick and exact, so that a wrong verdict is the mesh's own. */

import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { done, type RawOutput, type Runner, type RunOptions, type Sample } from "../../../scanner-agent/contract.js";
import type { EngineParts } from "../../../scanner-agent/engine/engine.js";
import { Manifest } from "../../../schema/manifest.js";

const SLOTS = 4;
/** Long enough that a kill meets some scans in the middle. */
const WORK_MS = 150;

/** What one engine does with a sample: its verdict, or null. */
type Scan = (sample: Sample) => Promise<"INFECTED" | "CLEAN" | null>;

const MARK = Buffer.from("EICAR-STANDARD-ANTIVIRUS-TEST");

/** An antivirus engine: INFECTED if the antivirus test file is anywhere in the sample, CLEAN otherwise. */
export const canary = () =>
  engine("Canary", { type: "AV", speed: "FAST" }, async ({ path }) =>
    (await readFile(path ?? "")).includes(MARK) ? "INFECTED" : "CLEAN",
  );

/** Fails unless it is given the bytes that it is told of. Its small samples are in memory, so it answers several at once. */
export const hasher = () =>
  engine("Hasher", { type: "METADATA", speed: "ULTRA", takesBytes: true }, async ({ path, bytes, sha256 }) => {
    const actual = hash(bytes ?? (await readFile(path ?? "")));
    if (actual !== sha256) throw new Error(`it was given ${actual} for ${sha256}`);
    return null;
  });

/** An engine of the internet class that writes down the hash of everything that it is shown. */
export const honeypot = (journal: string) =>
  engine("Honeypot", { type: "METADATA", speed: "FAST", internet: true }, async ({ path, sha256 }) => {
    appendFileSync(journal, `${sha256}\n${hash(await readFile(path ?? ""))}\n`);
    return null;
  });

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function engine(
  name: string,
  { takesBytes = false, ...manifest }: Record<string, unknown> & { takesBytes?: boolean },
  scan: Scan,
): EngineParts {
  const answers = new WeakMap<RawOutput, Awaited<ReturnType<Scan>>>();
  const runner: Runner = {
    description: "faults",
    takesBytes,
    start: () => Promise.resolve(),
    versions: () => Promise.resolve({ engine: "1", signatures: null, signatureDate: null }),
    async run(sample: Sample, { signal }: RunOptions) {
      await pause(WORK_MS, undefined, { signal });
      const output: RawOutput = { exitCode: 0, stdout: "", stderr: "" };
      answers.set(output, await scan(sample));
      return output;
    },
    stop: () => Promise.resolve(),
  };
  return {
    manifest: Manifest.parse({
      name,
      internet: false,
      timeout: "10s",
      output: "yara",
      // The runner is given beside the manifest; the schema wants a way to run nevertheless.
      run: { builtin: { module: "yara" } },
      ...manifest,
    }),
    runners: [runner],
    parse(output) {
      const verdict = answers.get(output) ?? null;
      return done(verdict, verdict === "INFECTED" ? "Canary" : null, null);
    },
    slots: SLOTS,
  };
}
