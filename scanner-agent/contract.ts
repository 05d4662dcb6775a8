/**
 * The engine contract. A *runner* gives a sample to an engine and brings back what the engine printed; a *parser*, a pure
 * function, makes an outcome of it. Any runner can be combined with any parser: a manifest names one of each.
 */

import type { EngineVersions, ImageIdentity } from "../schema/messages.js";
import type { EngineVerdict, ResultCause } from "../schema/states.js";

/** What an engine is given to scan. */
export interface Sample {
  /** A read-only file with the bytes; its name tells the sha256 and nothing else. Null for an engine whose input is the hashes. */
  readonly path: string | null;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly md5: string;
  readonly sha1: string;
  /** Bytes. */
  readonly size: number;
}

/** How one sample is to be run. */
export interface RunOptions {
  /** The engine is ended after this many milliseconds, and the run fails with {@link TimedOut}. */
  readonly timeoutMs: number;
  /** Ends the run early; it then fails with the signal's reason. */
  readonly signal: AbortSignal;
  /** The sample may be the one that ends agents: nothing else shares its worker, process or daemon meanwhile. */
  readonly alone: boolean;
}

/** All of what an engine printed. Output over a runner's limit is never cut to this: the run fails instead. */
export interface RawOutput {
  /** A program's exit status; 0 where the engine is no program. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Brings samples to one engine. Everything it starts ends with {@link Runner.stop}, and with the agent even if that is killed. */
export interface Runner {
  /** Which runner it is and how it is fenced in, e.g. `process (isolation: none)`. */
  readonly description: string;
  /** Finds or starts what it needs; does nothing if that still works. Throws {@link Unavailable}. */
  start(): Promise<void>;
  /** The engine's versions as of now. Throws {@link Unavailable}. */
  versions(): Promise<EngineVersions>;
  /** The container image that it runs, once it was started. */
  image?(): ImageIdentity | null;
  /** What the operator should put right although the engine works, such as rule files that do not compile; a sentence each. */
  warnings?(): readonly string[];
  /** Runs one sample. Throws {@link Failed}, {@link TimedOut}, {@link Unavailable} or the signal's reason. */
  run(sample: Sample, options: RunOptions): Promise<RawOutput>;
  stop(): Promise<void>;
  /** Calls back when something that {@link Runner.start} started has ended by itself. */
  onLost?(listener: (reason: string) => void): void;
}

/** What one engine said of one sample. */
export interface Outcome {
  readonly state: "DONE" | "UNSCANNED" | "FAILED" | "TIMEOUT";
  /** Only with DONE; null for an engine that states none. */
  readonly verdict: EngineVerdict | null;
  /** The signature's name, for a detection. */
  readonly signature: string | null;
  /** Why it did not finish: present exactly when the state is not DONE. */
  readonly error: string | null;
  /** The same for programs: present exactly when the state is not DONE. */
  readonly cause?: ResultCause;
  /** The engine's own keys. */
  readonly details: Record<string, unknown> | null;
  /** What the output says of the engine's versions, for an engine that tells them with every sample. */
  readonly versions?: EngineVersions;
}

/** Reads an engine's output. Pure; never throws: what it cannot read is FAILED. */
export type Parser = (raw: RawOutput) => Outcome;

/** An outcome with a verdict, or with none. */
export function done(verdict: EngineVerdict | null, signature: string | null, details: Outcome["details"]): Outcome {
  return { state: "DONE", verdict, signature, error: null, details };
}

/** An outcome of an engine that did not finish, with the reason. */
export function notDone(
  state: Exclude<Outcome["state"], "DONE">,
  cause: ResultCause,
  error: string,
  details: Outcome["details"] = null,
): Outcome {
  return { state, verdict: null, signature: null, error, cause, details };
}

/** The engine failed on this sample, or the sample cannot be given to any: the result is FAILED with this message. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/** The engine was ended because it took too long: the result is TIMEOUT. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
  constructor(readonly afterMs: number) {
    super(`no answer within ${afterMs / 1000} s`);
  }
}

/** Nobody wants the result any more: the run is ended, and the request is done with without an answer. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
  constructor() {
    super("the scan was cancelled");
  }
}

/** This host cannot do it now, through no fault of the sample: the request is handed back and the engine takes no work until it can. */
export class Unavailable extends Error {
  override readonly name: string = "Unavailable";
}

/** What to say of something that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error of the operating system has this code, e.g. `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
