// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
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


export type KnownSampleQuery = { readonly sample: { readonly stored: boolean, readonly latestScan: { readonly scanId: number, readonly verdict: Verdict | null, readonly endDate: string | null, readonly startDate: string } | null } | null };

export type CreateUploadMutationVariables = Exact<{ [key: string]: never; }>;


export type CreateUploadMutation = { readonly createUpload: { readonly id: string } };

export type SubmitScanMutationVariables = Exact<{
  input: SubmitScanInput;
}>;


export type SubmitScanMutation = { readonly submitScan:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly scan: { readonly scanId: number } }
   };

export const KnownSample = "query KnownSample($sha256: String!) {\n  sample(hash: $sha256) {\n    stored\n    latestScan {\n      scanId\n      verdict\n      endDate\n      startDate\n    }\n  }\n}" as unknown as TypedDocumentNode<KnownSampleQuery, KnownSampleQueryVariables>;

export const CreateUpload = "mutation CreateUpload {\n  createUpload {\n    id\n  }\n}" as unknown as TypedDocumentNode<CreateUploadMutation, CreateUploadMutationVariables>;

export const SubmitScan = "mutation SubmitScan($input: SubmitScanInput!) {\n  submitScan(input: $input) {\n    ... on SubmitScanSuccess {\n      scan {\n        scanId\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<SubmitScanMutation, SubmitScanMutationVariables>;
