import type { EngineVersions } from "../../schema/engine-versions.js";
import {
  Failed,
  hasCode,
  NO_VERSIONS,
  NoRoom,
  notDone,
  reasonOf,
  TimedOut,
  Unavailable,
  type Instance,
  type Outcome,
  type Parser,
  type RawOutput,
  type RunOptions,
  type Runner,
} from "../contract.js";
import { nameLimit } from "./limit-reached.js";
import { giveTo, type OfferedSample } from "./offered-sample.js";
import { answerWithin } from "../within.js";
import { parseWhole } from "./whole-sample.js";

/** An answer does not wait longer than this for details of the instance that gave it. */
const CONFIRM_MS = 60_000;

/** Runs samples with one engine, and tells what answered. */
export interface Attempts {
  /** Runs a sample and reads the output; the engine's own failures are outcomes. `usual` answers if the runner names nothing else. */
  attempt(runner: Runner, usual: Instance, sample: OfferedSample, options: RunOptions): Promise<Outcome>;
  /** The versions that the current instance prints with its outputs; undefined before the first output. */
  printed(): EngineVersions | undefined;
}

/** Nothing has been run yet. */
export function createAttempts(parse: Parser): Attempts {
  const printed = new WeakMap<Instance, EngineVersions>();
  let newest: Instance | undefined;

  /** What the instance said of itself, overridden by what its output says. */
  async function versionsOf(by: Instance, outcome: Outcome): Promise<EngineVersions> {
    if (outcome.versions !== undefined) printed.set(by, outcome.versions);
    return mergeVersions(await confirmed(by, outcome), outcome.versions ?? printed.get(by));
  }

  async function runOnce(
    runner: Runner,
    sample: OfferedSample,
    options: RunOptions,
  ): Promise<{ readonly outcome: Outcome; readonly raw?: RawOutput }> {
    try {
      const raw = await runner.run(giveTo(runner, sample), options);
      return { outcome: nameLimit(parseWhole(parse, raw), raw), raw };
    } catch (error) {
      if (error instanceof Failed) return { outcome: notDone("FAILED", "ENGINE_ERROR", error.message) };
      if (error instanceof TimedOut) return { outcome: notDone("TIMEOUT", "TIME_LIMIT", error.message) };
      if (hasCode(error, "ENOSPC", "EDQUOT")) throw new NoRoom(`no room on the disk (${reasonOf(error)})`, { cause: error });
      // The host is short of something, whatever the sample is.
      if (hasCode(error, "EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EROFS"))
        throw new Unavailable(reasonOf(error), { cause: error });
      throw error;
    }
  }

  return {
    async attempt(runner, usual, sample, options) {
      let by = usual;
      let startingMs = 0;
      const begin = performance.now();
      const onStart = (instance: Instance) => {
        startingMs = Math.round((performance.now() - begin) * 1000) / 1000;
        by = instance;
        newest = instance;
        options.onStart?.(instance);
      };
      const { raw, outcome } = await runOnce(runner, sample, { ...options, onStart });
      if (by === usual && outcome.versions !== undefined) newest = usual;
      const exit = by.isProgram && raw !== undefined ? { exitCode: raw.exitCode } : {};
      return { ...outcome, versions: await versionsOf(by, outcome), image: by.image, startingMs, ...exit };
    },
    printed: () => newest && printed.get(newest),
  };
}

/** The versions of an answer. An instance that can no longer be asked has ended with the sample: it proves no answer, but names what failed. */
async function confirmed({ versions, confirm }: Instance, { state }: Outcome): Promise<EngineVersions> {
  try {
    return confirm === undefined ? versions : await answerWithin(CONFIRM_MS, confirm());
  } catch (error) {
    if (error instanceof Unavailable) return state === "DONE" ? NO_VERSIONS : versions;
    throw error;
  }
}

/** The versions in an answer take precedence over those that the instance reported before. */
export function mergeVersions(said: EngineVersions, printed: EngineVersions | undefined): EngineVersions {
  return {
    engine: printed?.engine ?? said.engine,
    signatures: printed?.signatures ?? said.signatures,
    signatureDate: printed?.signatureDate ?? said.signatureDate,
  };
}
