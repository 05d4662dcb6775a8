// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** An engine's speed class, fastest first. */
export type EngineSpeed =
  /** Answers in about a second. */
  | 'FAST'
  /** Takes seconds. */
  | 'MEDIUM'
  /** May take minutes. */
  | 'SLOW'
  /** Answers in well under a second. */
  | 'ULTRA';

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

export type LatestScansQueryVariables = Exact<{ [key: string]: never; }>;


export type LatestScansQuery = { readonly scans: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string } }> }, readonly engines: ReadonlyArray<{ readonly name: string, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly enabled: boolean, readonly available: boolean }> };

export type WatchHomeEnginesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchHomeEnginesSubscription = { readonly engineChanged: { readonly snapshot: boolean, readonly engines: ReadonlyArray<{ readonly name: string, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly enabled: boolean, readonly available: boolean }>, readonly gone: ReadonlyArray<{ readonly name: string }> } };

export type ScanFeedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type ScanFeedSubscription = { readonly scanFeed: { readonly cursor: string, readonly scans: ReadonlyArray<{ readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string } }> } };

export type ReadRatesQueryVariables = Exact<{ [key: string]: never; }>;


export type ReadRatesQuery = { readonly stats: { readonly engines: ReadonlyArray<{ readonly engine: string, readonly results: number, readonly errorRate: number | null, readonly durations: { readonly p95Ms: number | null } }> } };

export type ScanRowFragment = { readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string } };

export type HomeEngineFragment = { readonly name: string, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly enabled: boolean, readonly available: boolean };

export const LatestScans = "query LatestScans {\n  scans(first: 15) {\n    nodes {\n      ...ScanRow\n    }\n  }\n  engines {\n    ...HomeEngine\n  }\n}\nfragment ScanRow on Scan {\n  id\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  sample {\n    sha256\n    size\n    mime\n  }\n}\nfragment HomeEngine on Engine {\n  name\n  type\n  speed\n  internet\n  enabled\n  available\n}" as unknown as TypedDocumentNode<LatestScansQuery, LatestScansQueryVariables>;

export const WatchHomeEngines = "subscription WatchHomeEngines {\n  engineChanged {\n    snapshot\n    engines {\n      ...HomeEngine\n    }\n    gone {\n      name\n    }\n  }\n}\nfragment HomeEngine on Engine {\n  name\n  type\n  speed\n  internet\n  enabled\n  available\n}" as unknown as TypedDocumentNode<WatchHomeEnginesSubscription, WatchHomeEnginesSubscriptionVariables>;

export const ScanFeed = "subscription ScanFeed {\n  scanFeed {\n    cursor\n    scans {\n      ...ScanRow\n    }\n  }\n}\nfragment ScanRow on Scan {\n  id\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  sample {\n    sha256\n    size\n    mime\n  }\n}" as unknown as TypedDocumentNode<ScanFeedSubscription, ScanFeedSubscriptionVariables>;

export const ReadRates = "query ReadRates {\n  stats(interval: HOUR) {\n    engines {\n      engine\n      results\n      errorRate\n      durations {\n        p95Ms\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadRatesQuery, ReadRatesQueryVariables>;
