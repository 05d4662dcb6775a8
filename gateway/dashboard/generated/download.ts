// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What to download: a sample (`sha256`; the key needs `sample:read`) or a CSV of scans (`filter`; the key needs `scan:read`). Exactly one of them. */
export type CreateDownloadInput = {
  /** Which scans, as `scans` takes it: a line for each, the newest first. Without any field all scans. */
  readonly filter?: ScanFilter | null | undefined;
  /** How to give the sample; RAW if it is left out. */
  readonly format?: DownloadFormat | null | undefined;
  /** The sha256 of a stored sample. */
  readonly sha256?: string | null | undefined;
};

/** How a download gives a sample. */
export type DownloadFormat =
  /** Its first 64 KiB as they are; all of a smaller sample. */
  | 'FIRST_64_KIB'
  /** The bytes as they are. */
  | 'RAW'
  /** In a zip with the password `infected`. */
  | 'ZIP';

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

export type CreateDownloadMutationVariables = Exact<{
  input: CreateDownloadInput;
}>;


export type CreateDownloadMutation = { readonly createDownload:
    | { readonly url: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
   };

export const CreateDownload = "mutation CreateDownload($input: CreateDownloadInput!) {\n  createDownload(input: $input) {\n    ... on Download {\n      url\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CreateDownloadMutation, CreateDownloadMutationVariables>;
