/** Records that `gateway/db` reads from its rows, and that GraphQL and REST show. */

import type { Closed } from "./closed.js";
import type { EngineSpeed, PluginType, Speed } from "./classes.js";
import type { Suppressed } from "./suppressed.js";
import type { Labels, Priority } from "./scan-options.js";
import type { EngineVerdict, ResultCause, ResultState, Skipped, Verdict } from "./states.js";

/** A sample's names by content; lower-case hex. */
export interface Hashes {
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
}

/** A sample. */
export interface SampleRecord extends Hashes {
  readonly sampleId: number;
  /** Bytes. */
  readonly size: number;
  /** MIME type by the first 4 KiB. */
  readonly mime: string;
  /** Whether the mesh still has its bytes. */
  readonly stored: boolean;
  readonly firstSeen: Date;
}

/** One engine of the catalogue. */
export interface EngineRecord {
  readonly engineId: number;
  readonly name: string;
  readonly type: PluginType;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
  readonly input: "file" | "hash";
  readonly accepts: string[] | null;
  /** Whether it can say INFECTED although it is no AV engine: a scan that it did not finish is not clean. */
  readonly detects: boolean;
  readonly enabled: boolean;
  readonly engineVersion: string | null;
  readonly signatureVersion: string | null;
  readonly signatureDate: Date | null;
  /** It is an AV engine whose signatures are older than they may be. */
  readonly stale: boolean;
  /** When a healthy agent last announced it. */
  readonly lastHealthyAt: Date | null;
  /** Why no present agent can run it; null while one can, or none is there. */
  readonly unhealthy: string | null;
  /** Whether it has ever given a result here, or was brought by an import. */
  readonly answered: boolean;
  /** A scan accepted now expects it, if it is enabled. */
  readonly available: boolean;
}

/** The result of one engine in one scan. */
export interface ResultRecord {
  readonly scanId: number;
  readonly engine: string;
  readonly type: PluginType;
  readonly speed: EngineSpeed;
  readonly internet: boolean;
  readonly state: ResultState;
  readonly verdict: EngineVerdict | null;
  readonly signature: string | null;
  readonly error: string | null;
  /** Why it did not finish or, if it is DONE, did not look into all of the sample; null where nothing is known. */
  readonly cause: ResultCause | null;
  /** What it found that is suppressed, each with its reason; null: nothing. */
  readonly suppressed: readonly Suppressed[] | null;
  /** Of an open result: why its engine works on no agent that has it; null while one can run it. */
  readonly fault: string | null;
  /** Whether it bars CLEAN although its engine is no AV engine. */
  readonly barsClean: boolean;
  readonly engineVersion: string | null;
  readonly signatureVersion: string | null;
  readonly signatureDate: Date | null;
  /** It is the result of an AV engine whose signatures were older than they may be when it ended. */
  readonly stale: boolean;
  /** The container image it ran in: its id, and its digest in a registry. */
  readonly imageId: string | null;
  readonly imageDigest: string | null;
  readonly agent: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  /** Milliseconds the engine ran. */
  readonly durationMs: number | null;
  /** Milliseconds until the agent had the sample's bytes, and how many of the others went by before the engine had it. */
  readonly fetchingMs: number | null;
  readonly startingMs: number | null;
  readonly exitCode: number | null;
  /** Names how the engine was run. */
  readonly setup: string | null;
  readonly details: Record<string, unknown> | null;
  /** What is closed to the engine in the sample; null where its agent says nothing of it. */
  readonly closed: readonly Closed[] | null;
  readonly truncated: boolean;
  /** The scan that the result was copied from; it may have been deleted. */
  readonly reusedFrom: number | null;
}

/** A result without what can be long: the engine's own output and what is closed to it are read only where they are shown. */
export type BriefResult = Omit<ResultRecord, "details" | "closed">;

/** A result without where and when it ran: REST shows no more, and long lists need not read the rest. */
export type ListedResult = Omit<
  ResultRecord,
  | "imageId"
  | "imageDigest"
  | "agent"
  | "startedAt"
  | "endedAt"
  | "durationMs"
  | "fetchingMs"
  | "startingMs"
  | "exitCode"
  | "setup"
  | "closed"
  | "truncated"
  | "reusedFrom"
>;

/** One scan without its results: what a list shows. */
export interface ScanRecord {
  readonly scanId: number;
  readonly name: string;
  readonly speed: Speed;
  readonly internet: boolean;
  readonly startDate: Date;
  readonly deadline: Date;
  /** Null until the scan is final. */
  readonly endDate: Date | null;
  readonly verdict: Verdict | null;
  readonly done: number;
  readonly total: number;
  readonly detections: number;
  readonly revision: number;
  readonly skipped: readonly Skipped[];
  readonly labels: Labels;
  readonly priority: Priority;
  /** Detections after which the scan stops waiting for the other engines; null: it waits for all. */
  readonly stopAfter: number | null;
  readonly batchId: number | null;
  /** The scan that this one repeats; it may have been deleted. */
  readonly previous: number | null;
  /** Null: somebody asked for it. CHECK: an update of an engine, of which it is not known yet whether it changes the verdict. */
  readonly origin: "CHECK" | "UPDATE" | null;
  readonly sample: SampleRecord;
}

/** A scan in a list of all scans, with as little as possible because the list can be long. */
export interface ListedScan extends Pick<ScanRecord, "scanId" | "name" | "startDate" | "endDate"> {
  readonly sample: Pick<SampleRecord, keyof Hashes | "size">;
}

/** One scan with the results of all its engines, in the order of their names. */
export interface ScanReport extends ScanRecord {
  readonly results: readonly ResultRecord[];
}

/** The same without the engines' own output. */
export interface BriefReport extends ScanRecord {
  readonly results: readonly BriefResult[];
}

/** An engine because of which a scan is not CLEAN. */
export interface Barrier {
  readonly engine: string;
  /** How its result ended; null for an AV engine that was left out because its agents say that it is broken. */
  readonly state: ResultState | null;
  readonly cause: ResultCause | null;
  readonly error: string | null;
  /** The same in a sentence for people. */
  readonly text: string;
}

/** Why a scan has its verdict. */
export interface ScanProof {
  /** Engines that say INFECTED or SUSPICIOUS. */
  readonly detectedBy: readonly string[];
  /** AV engines that scanned the whole sample and found nothing. */
  readonly cleanBy: readonly string[];
  /** Whether an AV engine was asked: without one no sample is CLEAN. */
  readonly antivirusAsked: boolean;
  readonly barriers: readonly Barrier[];
  /** Engines that the request lets in and no present agent has, or none ever ran; they do not bar CLEAN. */
  readonly absent: readonly string[];
  /** The same in a sentence for people; of an open scan also which engines it waits for. */
  readonly text: string;
  /** What to do about it, for whoever has the file; null where there is nothing to do. */
  readonly advice: string | null;
}

/** Final scans by verdict. */
export interface ScanCounts {
  readonly inconclusive: number;
  readonly clean: number;
  readonly suspicious: number;
  readonly infected: number;
  /** Bytes of their samples. */
  readonly bytes: number;
}

/** Results of one engine in final scans, by what became of them. */
export interface EnginePointCounts {
  readonly engineId: number;
  readonly clean: number;
  readonly suspicious: number;
  readonly infected: number;
  /** DONE without a verdict. */
  readonly silent: number;
  readonly unscanned: number;
  readonly failed: number;
  readonly timeout: number;
  readonly noAgent: number;
  readonly cancelled: number;
}

/** Results of one engine in final scans. */
export interface EngineCounts extends EnginePointCounts {
  readonly engine: string;
  readonly signatureDate: Date | null;
  /** Of {@link failed}: given up after five deliveries. */
  readonly dead: number;
  /** Verdicts in scans that are not INCONCLUSIVE, and those of them that agree whether the sample is a detection. */
  readonly compared: number;
  readonly agreed: number;
  /** Results with a duration, and the sum of these in milliseconds. */
  readonly timed: number;
  readonly timedMs: number;
}

/** How often an engine found a signature. */
export interface SignatureRecord {
  readonly engine: string;
  readonly signature: string;
  readonly results: number;
}

/** How often samples of a MIME type were scanned, and how often with a detection. */
export interface TypeRecord {
  readonly mime: string;
  readonly scans: number;
  readonly detected: number;
}

/** Scans that were submitted together, as they are now. */
export interface BatchRecord {
  readonly batchId: number;
  readonly createdAt: Date;
  /** How many scans were accepted. */
  readonly total: number;
  /** Those that are there, in ascending id. */
  readonly scanIds: readonly number[];
  /** Rises with every visible change of its scans. */
  readonly revision: number;
  readonly open: number;
  readonly final: number;
  readonly inconclusive: number;
  readonly clean: number;
  readonly suspicious: number;
  readonly infected: number;
}

/** The queue of one engine. */
export interface QueueRecord {
  readonly engine: EngineRecord;
  /** False while NATS does not answer: `waiting` then counts those that agents hold too. */
  readonly complete: boolean;
  /** Requests that no agent has taken yet. */
  readonly waiting: number;
  /** Requests that agents hold. */
  readonly running: number;
  /** Of those, requests that were delivered more than once. */
  readonly redelivered: number;
  /** Requests given up after five deliveries, in the last 24 hours. */
  readonly dead: number;
  /** Healthy agents that have it, and their slots in all. */
  readonly agents: number;
  readonly slots: number;
  /** What the engine took on average in the last two hours; null if nothing was measured. */
  readonly meanMs: number | null;
  /** Until a request accepted now would start; null if no agent has the engine, or nothing was measured in the last two hours. */
  readonly estimatedWaitMs: number | null;
}
