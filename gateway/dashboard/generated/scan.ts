// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Why something in a sample is closed to an engine. */
export type ClosedState =
  /** It is cut off or contradicts itself. */
  | 'DAMAGED'
  /** It is encrypted. */
  | 'ENCRYPTED'
  /** It is nested deeper, or larger once unpacked, than the engine or its agent looks. */
  | 'LIMIT'
  /** It is packed in a way that the engine does not open. */
  | 'UNSUPPORTED';

/** The verdict of one engine on a sample. */
export type EngineVerdict =
  /** It scanned all of it and found nothing. */
  | 'CLEAN'
  /** It considers the sample malware. */
  | 'INFECTED'
  /** It considers the sample suspicious. */
  | 'SUSPICIOUS';

/** The kind of an engine, by what it answers. */
export type PluginType =
  /** Antivirus; always has a verdict. */
  | 'AV'
  /** Contents of the file format. */
  | 'FILE_FORMATS'
  /** What others know about the hash of the file. */
  | 'INTEL'
  /** Facts about the file; Yara rules can have a verdict. */
  | 'METADATA';

/** The priority of a scan. */
export type Priority =
  /** It waits until the other requests that wait for its engines would fill less than two slots' worth; its deadline holds nonetheless. */
  | 'BULK'
  /** In the order in which scans are accepted. */
  | 'NORMAL';

/** Why an engine did not finish with a sample, for programs. */
export type ResultCause =
  /** The engine found nothing, and its agent is too old to find out what is closed to engines in a sample. */
  | 'AGENT_TOO_OLD'
  /** It ended its agent five times on this sample and is not run again. */
  | 'CRASHED_REPEATEDLY'
  /** The sample, or something in it, is cut off or contradicts itself. */
  | 'DAMAGED'
  /** The sample, or something in it, is encrypted. */
  | 'ENCRYPTED'
  /** It failed: it says so, its exit status does, it crashed, or it exceeded a limit on its memory or output. */
  | 'ENGINE_ERROR'
  /** The engine found nothing, and what is closed to engines in the sample could not be found out. */
  | 'NOT_INSPECTED'
  /** The service that it asks answers no more questions now. */
  | 'RATE_LIMITED'
  /** It was not given the sample: the mesh does not have its bytes, or they are damaged. */
  | 'SAMPLE_UNAVAILABLE'
  /** The engine found a signature that is suppressed, and does not tell whether it would have found another. */
  | 'SUPPRESSED'
  /** It took too long. */
  | 'TIME_LIMIT'
  /** The sample, or what it unpacks to, is over a limit of the engine. */
  | 'TOO_LARGE'
  /** It ended well, and what it printed is not understood. */
  | 'UNPARSABLE_OUTPUT'
  /** The engine does not read files of this type, or something in the sample is packed in a way that it does not open. */
  | 'UNSUPPORTED_TYPE';

/** How far an engine is with a scan. QUEUED and SCANNING are open, the others final. A result only moves up, in this order: QUEUED, SCANNING, CANCELLED, NO_AGENT, TIMEOUT, FAILED, UNSCANNED, DONE. */
export type ResultState =
  /** Cancelled before the engine answered. */
  | 'CANCELLED'
  /** The engine answered. */
  | 'DONE'
  /** The engine failed; `error` says how. Never to be read as clean. */
  | 'FAILED'
  /** No agent has this engine any more, or it works on none that has it, or the deadline passed and no agent had it. */
  | 'NO_AGENT'
  /** Waits for an agent. */
  | 'QUEUED'
  /** An agent is running the engine. */
  | 'SCANNING'
  /** The engine did not answer in time. */
  | 'TIMEOUT'
  /** The engine could not scan all of the sample; `error` says why. */
  | 'UNSCANNED';

/** Why an engine does not take part in a scan. */
export type SkipReason =
  /** It was switched off by an operator. */
  | 'DISABLED'
  /** It can reach the internet and the scan does not allow that. */
  | 'INTERNET_FORBIDDEN'
  /** The scan names its engines and this is not one of them, or it excludes this one. */
  | 'NOT_SELECTED'
  /** It is slower than the scan allows. */
  | 'TOO_SLOW'
  /** No agent has announced it as healthy within the last 10 minutes, those that are there say that it does not work, it was taken from all agents, or it is new, has given no result yet and its agents are gone. */
  | 'UNHEALTHY'
  /** It does not accept files of this type. */
  | 'UNSUPPORTED_TYPE';

/** The slowest class of engines that a scan allows, inclusive. */
export type Speed =
  /** No cap. */
  | 'ALL'
  /** Answers in about a second. */
  | 'FAST'
  /** Takes seconds. */
  | 'MEDIUM'
  /** May take minutes. */
  | 'SLOW'
  /** Answers in well under a second. */
  | 'ULTRA';

/** Whose files an engine's signatures or rules are. */
export type UpdatedBy =
  /** They come with the agent, whose operator may have added others. */
  | 'AGENT'
  /** Its host's, which keeps them up to date by itself, as its own freshclam does. */
  | 'HOST'
  /** They are part of its container image. */
  | 'IMAGE'
  /** The mesh's, which brings them to its hosts as bundles. */
  | 'MESH';

/** The verdict of a scan on its sample. */
export type Verdict =
  /** Every expected antivirus engine finished and found nothing. */
  | 'CLEAN'
  /** Nothing was found, but the sample is not proven clean: no antivirus engine took part, or one did not finish. */
  | 'INCONCLUSIVE'
  /** At least one engine considers it malware. */
  | 'INFECTED'
  /** At least one engine considers it suspicious. */
  | 'SUSPICIOUS';

export type ReadScanQueryVariables = Exact<{
  id: number;
}>;


export type ReadScanQuery = { readonly scan: { readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly errors: number, readonly startDate: string, readonly endDate: string | null, readonly deadline: string, readonly internet: boolean, readonly speed: Speed, readonly priority: Priority, readonly stopAfter: number | null, readonly stale: boolean, readonly labels: ReadonlyArray<{ readonly key: string, readonly value: string }>, readonly batch: { readonly batchId: number } | null, readonly previous: { readonly scanId: number } | null, readonly proof: { readonly text: string, readonly advice: string | null }, readonly sample: { readonly sha256: string, readonly sha1: string, readonly md5: string, readonly size: number, readonly mime: string, readonly stored: boolean }, readonly skipped: ReadonlyArray<{ readonly engine: string, readonly reason: SkipReason }>, readonly results: ReadonlyArray<{ readonly id: string, readonly engine: string, readonly type: PluginType, readonly state: ResultState, readonly verdict: EngineVerdict | null, readonly signature: string | null, readonly error: string | null, readonly cause: ResultCause | null, readonly causeText: string | null, readonly agent: string | null, readonly durationMs: number | null, readonly startedAt: string | null, readonly endedAt: string | null, readonly stale: boolean, readonly truncated: boolean, readonly reusedFrom: number | null, readonly internet: boolean, readonly suppressed: ReadonlyArray<{ readonly signature: string, readonly reason: string }>, readonly versions: { readonly engine: string | null, readonly signatures: string | null, readonly signatureDate: string | null }, readonly image: { readonly id: string, readonly digest: string | null } | null }> } | null };

export type ReadNewerScanQueryVariables = Exact<{
  sha256: string;
}>;


export type ReadNewerScanQuery = { readonly sample: { readonly latestScan: { readonly scanId: number, readonly verdict: Verdict | null, readonly startDate: string } | null } | null };

export type WatchScanSubscriptionVariables = Exact<{
  id: number;
}>;


export type WatchScanSubscription = { readonly scanUpdated: { readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly errors: number, readonly startDate: string, readonly endDate: string | null, readonly deadline: string, readonly internet: boolean, readonly speed: Speed, readonly priority: Priority, readonly stopAfter: number | null, readonly stale: boolean, readonly labels: ReadonlyArray<{ readonly key: string, readonly value: string }>, readonly batch: { readonly batchId: number } | null, readonly previous: { readonly scanId: number } | null, readonly proof: { readonly text: string, readonly advice: string | null }, readonly sample: { readonly sha256: string, readonly sha1: string, readonly md5: string, readonly size: number, readonly mime: string, readonly stored: boolean }, readonly skipped: ReadonlyArray<{ readonly engine: string, readonly reason: SkipReason }>, readonly results: ReadonlyArray<{ readonly id: string, readonly engine: string, readonly type: PluginType, readonly state: ResultState, readonly verdict: EngineVerdict | null, readonly signature: string | null, readonly error: string | null, readonly cause: ResultCause | null, readonly causeText: string | null, readonly agent: string | null, readonly durationMs: number | null, readonly startedAt: string | null, readonly endedAt: string | null, readonly stale: boolean, readonly truncated: boolean, readonly reusedFrom: number | null, readonly internet: boolean, readonly suppressed: ReadonlyArray<{ readonly signature: string, readonly reason: string }>, readonly versions: { readonly engine: string | null, readonly signatures: string | null, readonly signatureDate: string | null }, readonly image: { readonly id: string, readonly digest: string | null } | null }> } };

export type ReadDetailsQueryVariables = Exact<{
  id: string;
}>;


export type ReadDetailsQuery = { readonly node:
    | { readonly details: Readonly<Record<string, unknown>> | null, readonly exitCode: number | null, readonly timings: { readonly waitingMs: number | null, readonly fetchingMs: number | null, readonly startingMs: number | null, readonly scanningMs: number | null }, readonly setup: { readonly runner: string, readonly agentVersion: string, readonly updatedBy: UpdatedBy | null, readonly limits: Readonly<Record<string, unknown>>, readonly bundles: ReadonlyArray<{ readonly set: string, readonly digest: string }> } | null, readonly closed: ReadonlyArray<{ readonly path: string, readonly format: string, readonly method: string | null, readonly state: ClosedState }> }
    | Record<PropertyKey, never>
   | null };

export type WatchWaitsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchWaitsSubscription = { readonly queueChanged: { readonly snapshot: boolean, readonly queues: ReadonlyArray<{ readonly waiting: number, readonly agents: number, readonly estimatedWaitMs: number | null, readonly engine: { readonly name: string } }>, readonly gone: ReadonlyArray<{ readonly engine: { readonly name: string } }> } };

export type CancelScanMutationVariables = Exact<{
  id: number;
}>;


export type CancelScanMutation = { readonly cancelScan:
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type RescanMutationVariables = Exact<{
  id: number;
}>;


export type RescanMutation = { readonly rescan:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly scan: { readonly scanId: number } }
    | { readonly message: string }
    | { readonly message: string }
   };

export type SuppressSignatureMutationVariables = Exact<{
  engine?: string | null | undefined;
  signature: string;
  reason: string;
  expiresAt?: string | null | undefined;
}>;


export type SuppressSignatureMutation = { readonly suppressSignature:
    | { readonly message: string }
    | { readonly suppression: { readonly id: string, readonly signature: string } }
   };

export type RetryResultMutationVariables = Exact<{
  id: number;
  engine: string;
}>;


export type RetryResultMutation = { readonly retryResult:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly scan: { readonly scanId: number } }
    | { readonly message: string }
    | { readonly message: string }
   };

export type ScanReportFragment = { readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly errors: number, readonly startDate: string, readonly endDate: string | null, readonly deadline: string, readonly internet: boolean, readonly speed: Speed, readonly priority: Priority, readonly stopAfter: number | null, readonly stale: boolean, readonly labels: ReadonlyArray<{ readonly key: string, readonly value: string }>, readonly batch: { readonly batchId: number } | null, readonly previous: { readonly scanId: number } | null, readonly proof: { readonly text: string, readonly advice: string | null }, readonly sample: { readonly sha256: string, readonly sha1: string, readonly md5: string, readonly size: number, readonly mime: string, readonly stored: boolean }, readonly skipped: ReadonlyArray<{ readonly engine: string, readonly reason: SkipReason }>, readonly results: ReadonlyArray<{ readonly id: string, readonly engine: string, readonly type: PluginType, readonly state: ResultState, readonly verdict: EngineVerdict | null, readonly signature: string | null, readonly error: string | null, readonly cause: ResultCause | null, readonly causeText: string | null, readonly agent: string | null, readonly durationMs: number | null, readonly startedAt: string | null, readonly endedAt: string | null, readonly stale: boolean, readonly truncated: boolean, readonly reusedFrom: number | null, readonly internet: boolean, readonly suppressed: ReadonlyArray<{ readonly signature: string, readonly reason: string }>, readonly versions: { readonly engine: string | null, readonly signatures: string | null, readonly signatureDate: string | null }, readonly image: { readonly id: string, readonly digest: string | null } | null }> };

export const ReadScan = "query ReadScan($id: SafeInt!) {\n  scan(id: $id) {\n    ...ScanReport\n  }\n}\nfragment ScanReport on Scan {\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  errors\n  startDate\n  endDate\n  deadline\n  internet\n  speed\n  priority\n  stopAfter\n  stale\n  labels {\n    key\n    value\n  }\n  batch {\n    batchId\n  }\n  previous {\n    scanId\n  }\n  proof {\n    text\n    advice\n  }\n  sample {\n    sha256\n    sha1\n    md5\n    size\n    mime\n    stored\n  }\n  skipped {\n    engine\n    reason\n  }\n  results {\n    id\n    engine\n    type\n    state\n    verdict\n    signature\n    error\n    cause\n    causeText\n    suppressed {\n      signature\n      reason\n    }\n    agent\n    durationMs\n    startedAt\n    endedAt\n    stale\n    truncated\n    reusedFrom\n    internet\n    versions {\n      engine\n      signatures\n      signatureDate\n    }\n    image {\n      id\n      digest\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadScanQuery, ReadScanQueryVariables>;

export const ReadNewerScan = "query ReadNewerScan($sha256: String!) {\n  sample(hash: $sha256) {\n    latestScan {\n      scanId\n      verdict\n      startDate\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadNewerScanQuery, ReadNewerScanQueryVariables>;

export const WatchScan = "subscription WatchScan($id: SafeInt!) {\n  scanUpdated(id: $id, untilFinal: false) {\n    ...ScanReport\n  }\n}\nfragment ScanReport on Scan {\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  errors\n  startDate\n  endDate\n  deadline\n  internet\n  speed\n  priority\n  stopAfter\n  stale\n  labels {\n    key\n    value\n  }\n  batch {\n    batchId\n  }\n  previous {\n    scanId\n  }\n  proof {\n    text\n    advice\n  }\n  sample {\n    sha256\n    sha1\n    md5\n    size\n    mime\n    stored\n  }\n  skipped {\n    engine\n    reason\n  }\n  results {\n    id\n    engine\n    type\n    state\n    verdict\n    signature\n    error\n    cause\n    causeText\n    suppressed {\n      signature\n      reason\n    }\n    agent\n    durationMs\n    startedAt\n    endedAt\n    stale\n    truncated\n    reusedFrom\n    internet\n    versions {\n      engine\n      signatures\n      signatureDate\n    }\n    image {\n      id\n      digest\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchScanSubscription, WatchScanSubscriptionVariables>;

export const ReadDetails = "query ReadDetails($id: ID!) {\n  node(id: $id) {\n    ... on Result {\n      details\n      exitCode\n      timings {\n        waitingMs\n        fetchingMs\n        startingMs\n        scanningMs\n      }\n      setup {\n        runner\n        agentVersion\n        updatedBy\n        limits\n        bundles {\n          set\n          digest\n        }\n      }\n      closed {\n        path\n        format\n        method\n        state\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadDetailsQuery, ReadDetailsQueryVariables>;

export const WatchWaits = "subscription WatchWaits {\n  queueChanged {\n    snapshot\n    queues {\n      waiting\n      agents\n      estimatedWaitMs\n      engine {\n        name\n      }\n    }\n    gone {\n      engine {\n        name\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchWaitsSubscription, WatchWaitsSubscriptionVariables>;

export const CancelScan = "mutation CancelScan($id: SafeInt!) {\n  cancelScan(id: $id) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CancelScanMutation, CancelScanMutationVariables>;

export const Rescan = "mutation Rescan($id: SafeInt!) {\n  rescan(id: $id) {\n    ... on RescanSuccess {\n      scan {\n        scanId\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RescanMutation, RescanMutationVariables>;

export const SuppressSignature = "mutation SuppressSignature($engine: String, $signature: String!, $reason: String!, $expiresAt: DateTimeISO) {\n  suppressSignature(\n    engine: $engine\n    signature: $signature\n    reason: $reason\n    expiresAt: $expiresAt\n  ) {\n    ... on SuppressSignatureSuccess {\n      suppression {\n        id\n        signature\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<SuppressSignatureMutation, SuppressSignatureMutationVariables>;

export const RetryResult = "mutation RetryResult($id: SafeInt!, $engine: String!) {\n  retryResult(id: $id, engine: $engine) {\n    ... on RetryResultSuccess {\n      scan {\n        scanId\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RetryResultMutation, RetryResultMutationVariables>;
