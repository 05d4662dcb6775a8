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

/** A label that a scan was given; case-sensitive. */
export type LabelFilter = {
  /** Its key. */
  readonly key: string;
  /** Its value; without it any. */
  readonly value?: string | null | undefined;
};

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

/** Which scans to repeat (exactly one of `ids` and `filter`). Each keeps its options but the priority. */
export type RescanScansInput = {
  /** The newest 100 scans that match, as `scans` lists them. */
  readonly filter?: ScanFilter | null | undefined;
  /** 1 to 255 printable ASCII characters. The same call with the same key within 24 hours returns the first scan, whatever happened to it since; any other call with that key is an IDEMPOTENCY_CONFLICT, also `submitScan` of the same sample. Each API key has idempotency keys of its own. */
  readonly idempotencyKey?: string | null | undefined;
  /** The numbers of 1 to 100 scans (`scanId`). */
  readonly ids?: ReadonlyArray<number> | null | undefined;
  /** Whether other scans run first. */
  readonly priority?: Priority;
};

/** Matches a scan that has a result for which every given field holds. */
export type ResultFilter = {
  /** True: its verdict and the scan's differ on whether the sample is a detection, as `agreement` of the statistics counts it, but as the scan is now. False: they agree. */
  readonly disagrees?: boolean | null | undefined;
  /** The result is of one of these engines, regardless of case. */
  readonly engines?: ReadonlyArray<string> | null | undefined;
  /** Its signature's name contains this text, regardless of case; 3 characters at least. */
  readonly signature?: string | null | undefined;
  /** Its signature's name is exactly this; case-sensitive. */
  readonly signatureIs?: string | null | undefined;
  /** The engine ran for longer than this many milliseconds. Below 10,000 combine it with a time: every scan in it is looked at. */
  readonly slowerThanMs?: number | null | undefined;
  /** It is in one of these states. */
  readonly states?: ReadonlyArray<ResultState> | null | undefined;
  /** It has one of these verdicts. */
  readonly verdicts?: ReadonlyArray<EngineVerdict> | null | undefined;
};

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

/** Which scans: every given field must hold; of a list any entry is enough, but every label must be there. */
export type ScanFilter = {
  /** The scan was submitted with this batch (`batchId`). */
  readonly batch?: number | null | undefined;
  /** When the scan became final, as the statistics count it. A list with this filter is ordered by that time, unless `started` is given too. */
  readonly ended?: TimeRange | null | undefined;
  /** True: the scan is final. False: it is open. */
  readonly final?: boolean | null | undefined;
  /** The sample has one of these hashes: md5, sha1 or sha256 in hex, regardless of case; at most 1,000. */
  readonly hashes?: ReadonlyArray<string> | null | undefined;
  /** The scan has all of these labels. */
  readonly labels?: ReadonlyArray<LabelFilter> | null | undefined;
  /** The sample has one of these MIME types, such as `application/pdf`, or `image/*` for all of a kind; regardless of case. */
  readonly mimes?: ReadonlyArray<string> | null | undefined;
  /** The file has one of these names; case-sensitive. A `*` stands for any text; a pattern that begins with one searches every scan, which takes long in a large mesh. */
  readonly names?: ReadonlyArray<string> | null | undefined;
  /** Why the scan exists; without it, those that somebody asked for. */
  readonly origins?: ReadonlyArray<ScanOrigin> | null | undefined;
  /** The scan has a result that matches one of these. */
  readonly results?: ReadonlyArray<ResultFilter> | null | undefined;
  /** The sample's size. */
  readonly size?: SizeRange | null | undefined;
  /** When the scan was accepted. A list with this filter is ordered by that time, any other by scan number. */
  readonly started?: TimeRange | null | undefined;
  /** The scan has one of these verdicts. */
  readonly verdicts?: ReadonlyArray<Verdict> | null | undefined;
};

/** Why a scan exists. */
export type ScanOrigin =
  /** Somebody asked for it. */
  | 'REQUEST'
  /** The signatures of one of its engines have changed, and the sample was scanned again by it; what changed nothing is in no list. */
  | 'UPDATE';

/** A range of sizes in bytes, both ends included. */
export type SizeRange = {
  /** The largest size. */
  readonly max?: number | null | undefined;
  /** The smallest size. */
  readonly min?: number | null | undefined;
};

/** A range of time; the end is excluded. */
export type TimeRange = {
  /** At this time or later. */
  readonly since?: string | null | undefined;
  /** Before this time. */
  readonly until?: string | null | undefined;
};

/** What went wrong, for programs. */
export type UserErrorCode =
  /** An input is invalid; `path` names it. */
  | 'BAD_INPUT'
  /** The idempotency key was used for another input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** There is no such sample or upload. */
  | 'NOT_FOUND'
  /** The sample is known but its bytes are no longer stored: send them again. */
  | 'SAMPLE_NOT_STORED'
  /** There is no space for the sample. */
  | 'STORAGE_FULL'
  /** The sample is larger than this way of sending it allows. */
  | 'TOO_LARGE'
  /** The mesh cannot take scans now; try again after `retryAfter` seconds. */
  | 'UNAVAILABLE'
  /** The upload has expired: create another. */
  | 'UPLOAD_EXPIRED';

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

export type ListScansQueryVariables = Exact<{
  filter?: ScanFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ListScansQuery = { readonly scans: { readonly nodes: ReadonlyArray<{ readonly stale: boolean, readonly errors: number, readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string, readonly latestScan: { readonly scanId: number, readonly verdict: Verdict | null } | null } }>, readonly pageInfo: { readonly endCursor: string | null, readonly hasNextPage: boolean } } };

export type SearchScansQueryVariables = Exact<{
  text: string;
  after?: string | null | undefined;
}>;


export type SearchScansQuery = { readonly search: { readonly nodes: ReadonlyArray<{ readonly stale: boolean, readonly errors: number, readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string, readonly latestScan: { readonly scanId: number, readonly verdict: Verdict | null } | null } }>, readonly pageInfo: { readonly endCursor: string | null, readonly hasNextPage: boolean } } };

export type WatchRowSubscriptionVariables = Exact<{
  id: number;
}>;


export type WatchRowSubscription = { readonly scanUpdated: { readonly stale: boolean, readonly errors: number, readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string, readonly latestScan: { readonly scanId: number, readonly verdict: Verdict | null } | null } } };

export type EngineNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type EngineNamesQuery = { readonly engines: ReadonlyArray<{ readonly name: string, readonly type: PluginType, readonly enabled: boolean, readonly available: boolean }> };

export type WatchScansSubscriptionVariables = Exact<{
  filter?: ScanFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type WatchScansSubscription = { readonly scanFeed: { readonly cursor: string, readonly scans: ReadonlyArray<{ readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string } }> } };

export type CountFoundQueryVariables = Exact<{
  text: string;
}>;


export type CountFoundQuery = { readonly search: { readonly totalCount: number, readonly totalCountIsExact: boolean } };

export type CountScansQueryVariables = Exact<{
  filter: ScanFilter;
}>;


export type CountScansQuery = { readonly scans: { readonly totalCount: number, readonly totalCountIsExact: boolean } };

export type ListNumbersQueryVariables = Exact<{
  filter: ScanFilter;
  after?: string | null | undefined;
}>;


export type ListNumbersQuery = { readonly scans: { readonly nodes: ReadonlyArray<{ readonly scanId: number }>, readonly pageInfo: { readonly endCursor: string | null, readonly hasNextPage: boolean } } };

export type RescanManyMutationVariables = Exact<{
  input: RescanScansInput;
}>;


export type RescanManyMutation = { readonly rescanScans:
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode, readonly retryAfter: number | null }
    | { readonly batch: { readonly batchId: number, readonly total: number } | null, readonly refused: ReadonlyArray<{ readonly scanId: number, readonly error:
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
          | { readonly message: string }
         }> }
   };

export type ListedScanFragment = { readonly stale: boolean, readonly errors: number, readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string, readonly latestScan: { readonly scanId: number, readonly verdict: Verdict | null } | null } };

export type ScanRowFragment = { readonly id: string, readonly scanId: number, readonly revision: number, readonly name: string, readonly verdict: Verdict | null, readonly detections: number, readonly done: number, readonly total: number, readonly startDate: string, readonly endDate: string | null, readonly sample: { readonly sha256: string, readonly size: number, readonly mime: string } };

export const ListScans = "query ListScans($filter: ScanFilter, $after: String) {\n  scans(first: 50, filter: $filter, after: $after) {\n    nodes {\n      ...ListedScan\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\nfragment ListedScan on Scan {\n  ...ScanRow\n  stale\n  errors\n  sample {\n    latestScan {\n      scanId\n      verdict\n    }\n  }\n}\nfragment ScanRow on Scan {\n  id\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  sample {\n    sha256\n    size\n    mime\n  }\n}" as unknown as TypedDocumentNode<ListScansQuery, ListScansQueryVariables>;

export const SearchScans = "query SearchScans($text: String!, $after: String) {\n  search(first: 50, text: $text, after: $after) {\n    nodes {\n      ...ListedScan\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\nfragment ListedScan on Scan {\n  ...ScanRow\n  stale\n  errors\n  sample {\n    latestScan {\n      scanId\n      verdict\n    }\n  }\n}\nfragment ScanRow on Scan {\n  id\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  sample {\n    sha256\n    size\n    mime\n  }\n}" as unknown as TypedDocumentNode<SearchScansQuery, SearchScansQueryVariables>;

export const WatchRow = "subscription WatchRow($id: SafeInt!) {\n  scanUpdated(id: $id) {\n    ...ListedScan\n  }\n}\nfragment ListedScan on Scan {\n  ...ScanRow\n  stale\n  errors\n  sample {\n    latestScan {\n      scanId\n      verdict\n    }\n  }\n}\nfragment ScanRow on Scan {\n  id\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  sample {\n    sha256\n    size\n    mime\n  }\n}" as unknown as TypedDocumentNode<WatchRowSubscription, WatchRowSubscriptionVariables>;

export const EngineNames = "query EngineNames {\n  engines {\n    name\n    type\n    enabled\n    available\n  }\n}" as unknown as TypedDocumentNode<EngineNamesQuery, EngineNamesQueryVariables>;

export const WatchScans = "subscription WatchScans($filter: ScanFilter, $after: String) {\n  scanFeed(filter: $filter, after: $after) {\n    cursor\n    scans {\n      ...ScanRow\n    }\n  }\n}\nfragment ScanRow on Scan {\n  id\n  scanId\n  revision\n  name\n  verdict\n  detections\n  done\n  total\n  startDate\n  endDate\n  sample {\n    sha256\n    size\n    mime\n  }\n}" as unknown as TypedDocumentNode<WatchScansSubscription, WatchScansSubscriptionVariables>;

export const CountFound = "query CountFound($text: String!) {\n  search(first: 1, text: $text) {\n    totalCount\n    totalCountIsExact\n  }\n}" as unknown as TypedDocumentNode<CountFoundQuery, CountFoundQueryVariables>;

export const CountScans = "query CountScans($filter: ScanFilter!) {\n  scans(first: 1, filter: $filter) {\n    totalCount\n    totalCountIsExact\n  }\n}" as unknown as TypedDocumentNode<CountScansQuery, CountScansQueryVariables>;

export const ListNumbers = "query ListNumbers($filter: ScanFilter!, $after: String) {\n  scans(first: 100, filter: $filter, after: $after) {\n    nodes {\n      scanId\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}" as unknown as TypedDocumentNode<ListNumbersQuery, ListNumbersQueryVariables>;

export const RescanMany = "mutation RescanMany($input: RescanScansInput!) {\n  rescanScans(input: $input) {\n    ... on RescanScansSuccess {\n      batch {\n        batchId\n        total\n      }\n      refused {\n        scanId\n        error {\n          message\n        }\n      }\n    }\n    ... on UserError {\n      message\n      code\n    }\n    ... on MeshUnavailable {\n      retryAfter\n    }\n  }\n}" as unknown as TypedDocumentNode<RescanManyMutation, RescanManyMutationVariables>;
