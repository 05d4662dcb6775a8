// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** A stored sample (exactly one of `sha256` and `uploadId`). */
export type BatchSampleInput = {
  /** The file name, for display; at most 1,024 characters. */
  readonly name?: string;
  /** Its sha256. */
  readonly sha256?: string | null | undefined;
  /** The id of an upload whose bytes have arrived. */
  readonly uploadId?: string | null | undefined;
};

/** A label for a scan. */
export type LabelInput = {
  /** 1 to 64 letters, digits, `.`, `_`, `/` or `-`, the first a letter or a digit; each key once; case-sensitive. */
  readonly key: string;
  /** At most 256 characters. */
  readonly value: string;
};

/** The priority of a scan. */
export type Priority =
  /** It waits until the other requests that wait for its engines would fill less than two slots' worth; its deadline holds nonetheless. */
  | 'BULK'
  /** In the order in which scans are accepted. */
  | 'NORMAL';

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

/** What to scan (exactly one of `base64`, `sha256` and `uploadId`) and how. */
export type SubmitScanInput = {
  /** The sample itself as standard base64, at most 128 KiB decoded. Send larger samples with `createUpload`. */
  readonly base64?: string | null | undefined;
  /** Seconds after which the scan is final in any case: 10 to 86,400. Without it the setting of the mesh. */
  readonly deadline?: number | null | undefined;
  /** Names of the only engines to run, regardless of case; without it every engine that the scan allows. */
  readonly engines?: ReadonlyArray<string> | null | undefined;
  /** Names of engines to leave out, regardless of case. */
  readonly excludeEngines?: ReadonlyArray<string> | null | undefined;
  /** Reuses results of earlier scans of the same bytes that are at most this many seconds old (1 to 2,592,000), if the versions of the engine are unchanged. Without it every engine runs. */
  readonly freshness?: number | null | undefined;
  /** 1 to 255 printable ASCII characters. The same input with the same key within 24 hours returns the first answer; another input with that key is an IDEMPOTENCY_CONFLICT. Each API key has idempotency keys of its own. */
  readonly idempotencyKey?: string | null | undefined;
  /** Whether engines that can reach the internet may take part. */
  readonly internet?: boolean;
  /** Labels to find the scan by; at most 32. */
  readonly labels?: ReadonlyArray<LabelInput> | null | undefined;
  /** The file name, for display; at most 1,024 characters. */
  readonly name?: string;
  /** Whether other scans run first. */
  readonly priority?: Priority;
  /** The sha256 of a stored sample. */
  readonly sha256?: string | null | undefined;
  /** The slowest class of engines allowed, inclusive. */
  readonly speed?: Speed;
  /** The number of detections (1 to 100) after which the scan stops waiting for the other engines. Without it the scan waits for all. */
  readonly stopAfter?: number | null | undefined;
  /** The id of an upload whose bytes have arrived. */
  readonly uploadId?: string | null | undefined;
};

/** Stored samples, and how to scan them. */
export type SubmitScansInput = {
  /** The number of a batch (`batchId`) to add the scans to; it takes 10,000. A sample that cannot be scanned is in `refused` then, and the others go on. Without it they are a batch of their own, all of them or none. */
  readonly batch?: number | null | undefined;
  /** Seconds after which the scan is final in any case: 10 to 86,400. Without it the setting of the mesh. */
  readonly deadline?: number | null | undefined;
  /** Names of the only engines to run, regardless of case; without it every engine that the scan allows. */
  readonly engines?: ReadonlyArray<string> | null | undefined;
  /** Names of engines to leave out, regardless of case. */
  readonly excludeEngines?: ReadonlyArray<string> | null | undefined;
  /** Reuses results of earlier scans of the same bytes that are at most this many seconds old (1 to 2,592,000), if the versions of the engine are unchanged. Without it every engine runs. */
  readonly freshness?: number | null | undefined;
  /** 1 to 255 printable ASCII characters. The same input with the same key within 24 hours returns the first answer; another input with that key is an IDEMPOTENCY_CONFLICT. Each API key has idempotency keys of its own. */
  readonly idempotencyKey?: string | null | undefined;
  /** Whether engines that can reach the internet may take part. */
  readonly internet?: boolean;
  /** Labels to find the scan by; at most 32. */
  readonly labels?: ReadonlyArray<LabelInput> | null | undefined;
  /** Whether other scans run first. */
  readonly priority?: Priority;
  /** 1 to 100 samples; each gets a scan. */
  readonly samples: ReadonlyArray<BatchSampleInput>;
  /** The slowest class of engines allowed, inclusive. */
  readonly speed?: Speed;
  /** The number of detections (1 to 100) after which the scan stops waiting for the other engines. Without it the scan waits for all. */
  readonly stopAfter?: number | null | undefined;
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

export type KnownSampleQueryVariables = Exact<{
  sha256: string;
}>;


export type KnownSampleQuery = { readonly sample: { readonly stored: boolean, readonly latestScan: { readonly scanId: number, readonly name: string, readonly verdict: Verdict | null, readonly endDate: string | null, readonly startDate: string } | null } | null };

export type CreateUploadMutationVariables = Exact<{ [key: string]: never; }>;


export type CreateUploadMutation = { readonly createUpload: { readonly id: string } };

export type SubmitScanMutationVariables = Exact<{
  input: SubmitScanInput;
}>;


export type SubmitScanMutation = { readonly submitScan:
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode, readonly retryAfter: number | null }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly scan: { readonly id: string, readonly scanId: number } }
   };

export type CreateBatchMutationVariables = Exact<{
  idempotencyKey: string;
}>;


export type CreateBatchMutation = { readonly createBatch:
    | { readonly batch: { readonly batchId: number } }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode, readonly retryAfter: number | null }
   };

export type SubmitBatchMutationVariables = Exact<{
  input: SubmitScansInput;
  end?: string | null | undefined;
}>;


export type SubmitBatchMutation = { readonly submitScans:
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly message: string, readonly code: UserErrorCode, readonly retryAfter: number | null }
    | { readonly message: string, readonly code: UserErrorCode }
    | { readonly replayed: boolean, readonly batch: { readonly scans: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly scanId: number, readonly sample: { readonly sha256: string } }>, readonly pageInfo: { readonly endCursor: string | null } } }, readonly refused: ReadonlyArray<
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly retryAfter: number | null, readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
        | { readonly message: string, readonly code: UserErrorCode, readonly path: ReadonlyArray<string> }
      > }
   };

export type WatchVerdictSubscriptionVariables = Exact<{
  id: number;
}>;


export type WatchVerdictSubscription = { readonly scanUpdated: { readonly verdict: Verdict | null, readonly endDate: string | null } };

export type WatchBatchSubscriptionVariables = Exact<{
  id: number;
}>;


export type WatchBatchSubscription = { readonly batchUpdated: { readonly revision: number, readonly total: number, readonly counts: { readonly final: number, readonly infected: number, readonly suspicious: number, readonly inconclusive: number, readonly clean: number } } };

export const KnownSample = "query KnownSample($sha256: String!) {\n  sample(hash: $sha256) {\n    stored\n    latestScan {\n      scanId\n      name\n      verdict\n      endDate\n      startDate\n    }\n  }\n}" as unknown as TypedDocumentNode<KnownSampleQuery, KnownSampleQueryVariables>;

export const CreateUpload = "mutation CreateUpload {\n  createUpload {\n    id\n  }\n}" as unknown as TypedDocumentNode<CreateUploadMutation, CreateUploadMutationVariables>;

export const SubmitScan = "mutation SubmitScan($input: SubmitScanInput!) {\n  submitScan(input: $input) {\n    ... on SubmitScanSuccess {\n      scan {\n        id\n        scanId\n      }\n    }\n    ... on UserError {\n      message\n      code\n    }\n    ... on MeshUnavailable {\n      retryAfter\n    }\n  }\n}" as unknown as TypedDocumentNode<SubmitScanMutation, SubmitScanMutationVariables>;

export const CreateBatch = "mutation CreateBatch($idempotencyKey: String!) {\n  createBatch(idempotencyKey: $idempotencyKey) {\n    ... on CreateBatchSuccess {\n      batch {\n        batchId\n      }\n    }\n    ... on UserError {\n      message\n      code\n    }\n    ... on MeshUnavailable {\n      retryAfter\n    }\n  }\n}" as unknown as TypedDocumentNode<CreateBatchMutation, CreateBatchMutationVariables>;

export const SubmitBatch = "mutation SubmitBatch($input: SubmitScansInput!, $end: String) {\n  submitScans(input: $input) {\n    ... on SubmitScansSuccess {\n      batch {\n        scans(first: 100, after: $end) {\n          nodes {\n            id\n            scanId\n            sample {\n              sha256\n            }\n          }\n          pageInfo {\n            endCursor\n          }\n        }\n      }\n      replayed\n      refused {\n        message\n        code\n        path\n        ... on MeshUnavailable {\n          retryAfter\n        }\n      }\n    }\n    ... on UserError {\n      message\n      code\n    }\n    ... on MeshUnavailable {\n      retryAfter\n    }\n  }\n}" as unknown as TypedDocumentNode<SubmitBatchMutation, SubmitBatchMutationVariables>;

export const WatchVerdict = "subscription WatchVerdict($id: SafeInt!) {\n  scanUpdated(id: $id) {\n    verdict\n    endDate\n  }\n}" as unknown as TypedDocumentNode<WatchVerdictSubscription, WatchVerdictSubscriptionVariables>;

export const WatchBatch = "subscription WatchBatch($id: SafeInt!) {\n  batchUpdated(id: $id, untilFinal: false) {\n    revision\n    total\n    counts {\n      final\n      infected\n      suspicious\n      inconclusive\n      clean\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchBatchSubscription, WatchBatchSubscriptionVariables>;
