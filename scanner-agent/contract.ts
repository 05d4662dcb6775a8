/**
 * The engine contract. A *runner* gives a sample to an engine and returns what the engine printed; a *parser*, a pure function,
 * reads an outcome from that. Any runner can be combined with any parser: a manifest names one of each. Times are in milliseconds
 * and sizes in bytes.
 */

import type { Detection } from "../schema/detection.js";
import type { EngineSetup } from "../schema/engine-setup.js";
import type { EngineVersions } from "../schema/engine-versions.js";
import type { ImageIdentity } from "../schema/image-identity.js";
import type { EngineVerdict, ResultCause } from "../schema/states.js";

/** A sample to scan. */
export interface Sample {
  /**
   * Absolute path of a read-only file with the bytes; its name reveals nothing but the sha256. The file stays until the run has
   * ended. Null for an engine that takes only hashes, and where there are {@link Sample.bytes} instead.
   */
  readonly path: string | null;
  /** All of a small sample, for a runner that says {@link Runner.takesBytes}. Others are given them too: they are not changed. */
  readonly bytes?: Uint8Array | undefined;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** 32 lower-case hexadecimal digits. */
  readonly md5: string;
  /** 40 lower-case hexadecimal digits. */
  readonly sha1: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * What scans samples, such as one clamd with its loaded signatures, or the containers of one image. Two results come from the same instance
 * exactly if they have the same object.
 */
export interface Instance {
  /** What it said of itself when it was started, or since then. */
  readonly versions: EngineVersions;
  /** The container image; null for what is no container. */
  readonly image: ImageIdentity | null;
  /** Whether it ends with an exit status for each sample. */
  readonly isProgram?: boolean;
  /**
   * Left out if nothing changes it while it runs. Asked when a run has ended: its versions, or {@link NO_VERSIONS} if they may have
   * changed during the run. Throws {@link Unavailable}.
   */
  confirm?(): Promise<EngineVersions>;
}

/** For an instance that reports no versions. */
export const NO_VERSIONS: EngineVersions = { engine: null, signatures: null, signatureDate: null };

/** How one sample is run. */
export interface RunOptions {
  /** After this many milliseconds the engine is ended and the run fails with {@link TimedOut}. */
  readonly timeoutMs: number;
  /** Ends the run early: it then fails with the signal's reason, {@link Cancelled} if nobody wants the result any more. */
  readonly signal: AbortSignal;
  /** The sample may crash its agent: while it runs, no other sample shares its worker, process or daemon. */
  readonly alone: boolean;
  /**
   * Called when the instance that scans the sample is known; the last call counts. A runner that never calls it answers with {@link
   * Runner.versions} and {@link Runner.image}.
   */
  readonly onStart?: (by: Instance) => void;
}

/** The complete output of an engine, decoded as UTF-8. A run whose output exceeds the runner's limit fails; nothing is cut. */
export interface RawOutput {
  /** A program's exit status, 128 + n if signal n ended it; 0 where the engine is not a program. */
  readonly exitCode: number;
  /** Standard output, or the reply of a daemon, a worker or an HTTP server. */
  readonly stdout: string;
  /** Standard error; empty where the engine is not a program. */
  readonly stderr: string;
  /** Set if the engine answered before it was sent the whole sample: then only a detection counts. */
  readonly isEarly?: boolean;
  /** The limit of its run that the engine reached, as far as that can be known: a sentence for people. */
  readonly limit?: string;
}

/**
 * Runs one engine. Several samples may run at once, as many as the engine has slots. Everything that a runner starts ends with
 * {@link Runner.stop}, and with the agent even if that is killed.
 */
export interface Runner {
  /** Names the runner and how the engine is isolated, e.g. `process (isolation: none)`; 200 characters at most. */
  readonly description: string;
  /** What it limits, whose files its signatures or rules are, and the mesh's bundles among them. */
  readonly setup?: Pick<EngineSetup, "limits" | "updatedBy" | "bundles">;
  /** Small samples come as {@link Sample.bytes} and have no file; larger ones have one nevertheless. */
  readonly takesBytes?: boolean;
  /** Finds or starts what it needs; does nothing if that still works. Throws {@link Unavailable} that says what is missing. */
  start(): Promise<void>;
  /** The engine's versions now; the agent tests an engine again when they change. Throws {@link Unavailable}. */
  versions(): Promise<EngineVersions>;
  /** The container image that it runs; null before it is started. Left out by runners without containers. */
  image?(): ImageIdentity | null;
  /**
   * A text that identifies what its answers depend on, such as the program, the loaded signatures or rules, or the image: it changes as
   * soon as an answer might change. Null if that cannot be known; left out by a runner that never knows it.
   */
  fingerprint?(): Promise<string | null>;
  /** Leaves these signatures out, and no others; resolves once it does. Left out by a runner whose engine cannot. */
  ignore?(signatures: readonly string[]): Promise<void>;
  /** Those that it leaves out now. */
  ignored?(): readonly string[];
  /** What the operator should put right although the engine works, such as rule files that do not compile; a sentence each. */
  warnings?(): readonly string[];
  /** Whether the engine says that it is too old for its signatures; its warnings say more. Left out by a runner that cannot know. */
  isOutdated?(): boolean;
  /** The warnings about files that it was given and does not use, or uses only in part, such as rule files. */
  faults?(): readonly string[];
  /** Runs one sample to its end. Throws {@link Failed}, {@link TimedOut}, {@link Unavailable} or the signal's reason. */
  run(sample: Sample, options: RunOptions): Promise<RawOutput>;
  /** Ends everything that it started. It is not started again. */
  stop(): Promise<void>;
  /** Calls back, with a reason for people, when something that {@link Runner.start} started has ended by itself. */
  onLost?(listener: (reason: string) => void): void;
  /** Calls back when samples go to another {@link Instance} than before without anybody having asked for it. */
  onReplaced?(listener: () => void): void;
}

/** What one engine says of one sample. */
export interface Outcome {
  /** UNSCANNED: the engine looked and could not scan all of it. FAILED and TIMEOUT: it did not finish. */
  readonly state: "DONE" | "UNSCANNED" | "FAILED" | "TIMEOUT";
  /** Only with DONE; null if the engine states none. */
  readonly verdict: EngineVerdict | null;
  /** The signature's name, for a detection. */
  readonly signature: string | null;
  /** All that it found with a verdict, if the engine tells more than the first. */
  readonly detections?: Detection[];
  /** Why it did not finish, for people: present exactly when the state is not DONE. */
  readonly error: string | null;
  /** Why it did not finish, for programs; with DONE, why it did not look into all of the sample. */
  readonly cause?: ResultCause;
  /** What else the engine reports, in its own words and JSON's types; null for nothing. */
  readonly details: Record<string, unknown> | null;
  /** The engine's versions, if its output for this sample tells them. They add to those of what answered. */
  readonly versions?: EngineVersions;
  /** The container image that answered. Parsers leave it out, as all that follows. */
  readonly image?: ImageIdentity | null;
  /** The program's exit status, if it is one and came to its end. */
  readonly exitCode?: number;
  /** The time until an instance was ready to take the sample. */
  readonly startingMs?: number;
  /** What the result depends on besides the sample, as in a result message. */
  readonly fingerprint?: string;
}

/**
 * Reads an engine's output; `ignore` names keys that say nothing, by the manifest. Pure, and never throws: what it cannot read is
 * FAILED with UNPARSABLE_OUTPUT.
 */
export type Parser = (raw: RawOutput, ignore?: readonly string[]) => Outcome;

/** The outcome of an engine that has scanned all of the sample, with a verdict or null. */
export function done(verdict: EngineVerdict | null, signature: string | null, details: Outcome["details"]): Outcome {
  return { state: "DONE", verdict, signature, error: null, details };
}

/** The outcome of an engine that has not scanned all of the sample; `error` is for people. */
export function notDone(
  state: Exclude<Outcome["state"], "DONE">,
  cause: ResultCause,
  error: string,
  details: Outcome["details"] = null,
): Outcome {
  return { state, verdict: null, signature: null, error, cause, details };
}

/** The engine failed on this sample, or no engine can be given it: the result is FAILED with this message. */
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

/** Nobody wants the result any more: the run is ended, and the request is acknowledged without an answer. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
  constructor() {
    super("the scan was cancelled");
  }
}

/**
 * This host cannot run the engine now, through no fault of the sample: the request is handed back, and the engine takes no more work until
 * it is healthy again. The message is the reason in the agent's presence.
 */
export class Unavailable extends Error {
  override readonly name: string = "Unavailable";
  /** Something that the engine needs is away, for example because it is restarting: the engine itself may be healthy. */
  readonly isPassing: boolean;
  constructor(message?: string, options: ErrorOptions & { readonly isPassing?: boolean } = {}) {
    super(message, options);
    this.isPassing = options.isPassing ?? false;
  }
}

/** This host has no room for this sample now: only its request is handed back, and the engine goes on with others. */
export class NoRoom extends Unavailable {
  override readonly name = "NoRoom";
}

/** The message of something that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error of the operating system has this code, e.g. `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
