// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** The verdict of one engine on a sample. */
export type EngineVerdict =
  /** It scanned all of it and found nothing. */
  | 'CLEAN'
  /** It considers the sample malware. */
  | 'INFECTED'
  /** It considers the sample suspicious. */
  | 'SUSPICIOUS';

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

export type ReadSampleQueryVariables = Exact<{
  hash: string;
  after?: string | null | undefined;
}>;


export type ReadSampleQuery = { readonly sample: { readonly sha256: string, readonly sha1: string, readonly md5: string, readonly size: number, readonly mime: string, readonly stored: boolean, readonly firstSeen: string, readonly lastSeen: string, readonly names: ReadonlyArray<string>, readonly latestScan: { readonly scanId: number } | null, readonly scans: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly results: ReadonlyArray<{ readonly engine: string, readonly state: ResultState, readonly verdict: EngineVerdict | null, readonly signature: string | null, readonly versions: { readonly engine: string | null, readonly signatures: string | null } }> } }> } } | null };

export type WatchSampleSubscriptionVariables = Exact<{
  hash: string;
}>;


export type WatchSampleSubscription = { readonly scanFeed: { readonly cursor: string, readonly scans: ReadonlyArray<{ readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly stored: boolean, readonly lastSeen: string, readonly names: ReadonlyArray<string>, readonly latestScan: { readonly scanId: number } | null }, readonly results: ReadonlyArray<{ readonly engine: string, readonly state: ResultState, readonly verdict: EngineVerdict | null, readonly signature: string | null, readonly versions: { readonly engine: string | null, readonly signatures: string | null } }> }> } };

export type RescanSampleMutationVariables = Exact<{
  id: number;
}>;


export type RescanSampleMutation = { readonly rescan:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly scan: { readonly scanId: number } }
    | { readonly message: string }
    | { readonly message: string }
   };

export type TimelineScanFragment = { readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly results: ReadonlyArray<{ readonly engine: string, readonly state: ResultState, readonly verdict: EngineVerdict | null, readonly signature: string | null, readonly versions: { readonly engine: string | null, readonly signatures: string | null } }> };

export const ReadSample = "query ReadSample($hash: String!, $after: String) {\n  sample(hash: $hash) {\n    sha256\n    sha1\n    md5\n    size\n    mime\n    stored\n    firstSeen\n    lastSeen\n    names\n    latestScan {\n      scanId\n    }\n    scans(first: 21, after: $after) {\n      edges {\n        cursor\n        node {\n          ...TimelineScan\n        }\n      }\n    }\n  }\n}\nfragment TimelineScan on Scan {\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  results {\n    engine\n    state\n    verdict\n    signature\n    versions {\n      engine\n      signatures\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadSampleQuery, ReadSampleQueryVariables>;

export const WatchSample = "subscription WatchSample($hash: String!) {\n  scanFeed(filter: {hashes: [$hash], origins: [REQUEST, UPDATE]}) {\n    cursor\n    scans {\n      ...TimelineScan\n      sample {\n        stored\n        lastSeen\n        names\n        latestScan {\n          scanId\n        }\n      }\n    }\n  }\n}\nfragment TimelineScan on Scan {\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  results {\n    engine\n    state\n    verdict\n    signature\n    versions {\n      engine\n      signatures\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchSampleSubscription, WatchSampleSubscriptionVariables>;

export const RescanSample = "mutation RescanSample($id: SafeInt!) {\n  rescan(id: $id) {\n    ... on RescanSuccess {\n      scan {\n        scanId\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RescanSampleMutation, RescanSampleMutationVariables>;
