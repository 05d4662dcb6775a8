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

/** A range of time; the end is excluded. */
export type TimeRange = {
  /** At this time or later. */
  readonly since?: string | null | undefined;
  /** Before this time. */
  readonly until?: string | null | undefined;
};

/** Which changed verdicts: every given field must hold; of a list any entry is enough. */
export type VerdictFlipFilter = {
  /** When it was found. */
  readonly at?: TimeRange | null | undefined;
  /** Of one of these engines, regardless of case. */
  readonly engines?: ReadonlyArray<string> | null | undefined;
  /** The sample has one of these hashes: md5, sha1 or sha256 in hex, regardless of case; at most 1,000. */
  readonly hashes?: ReadonlyArray<string> | null | undefined;
  /** The engine says one of these now. */
  readonly to?: ReadonlyArray<EngineVerdict> | null | undefined;
};

/** How far samples are scanned again after an update of an engine. */
export type VerdictRunState =
  /** All samples were looked at. */
  | 'DONE'
  /** The engine was updated again, and that update's run took its place. */
  | 'REPLACED'
  /** It goes on from the newest sample to the oldest. */
  | 'RUNNING'
  /** It was switched off. */
  | 'STOPPED';

export type WatchRescansSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchRescansSubscription = { readonly updateRescanChanged: { readonly rescans: ReadonlyArray<{ readonly enabled: boolean, readonly version: string | null, readonly slots: number, readonly engine: { readonly id: string, readonly name: string }, readonly run: { readonly state: VerdictRunState, readonly version: string, readonly checked: number, readonly failed: number, readonly flips: number, readonly startedAt: string, readonly endedAt: string | null } | null }> } };

export type SetRescanMutationVariables = Exact<{
  engine: string;
  enabled: boolean;
}>;


export type SetRescanMutation = { readonly setRescanAfterUpdates:
    | { readonly message: string }
    | { readonly rescan: { readonly enabled: boolean, readonly version: string | null, readonly slots: number, readonly engine: { readonly id: string, readonly name: string }, readonly run: { readonly state: VerdictRunState, readonly version: string, readonly checked: number, readonly failed: number, readonly flips: number, readonly startedAt: string, readonly endedAt: string | null } | null } }
    | { readonly message: string }
   };

export type ReadFlipsQueryVariables = Exact<{
  filter?: VerdictFlipFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ReadFlipsQuery = { readonly verdictFlips: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly engine: string, readonly from: EngineVerdict | null, readonly to: EngineVerdict | null, readonly fromSignature: string | null, readonly toSignature: string | null, readonly fromVersion: string | null, readonly toVersion: string | null, readonly at: string, readonly sample: { readonly sha256: string }, readonly scan: { readonly scanId: number, readonly name: string } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly hasPreviousPage: boolean, readonly startCursor: string | null, readonly endCursor: string | null } } };

export type WatchFlipsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchFlipsSubscription = { readonly verdictFlipped: { readonly revision: number } };

export type RescanFragment = { readonly enabled: boolean, readonly version: string | null, readonly slots: number, readonly engine: { readonly id: string, readonly name: string }, readonly run: { readonly state: VerdictRunState, readonly version: string, readonly checked: number, readonly failed: number, readonly flips: number, readonly startedAt: string, readonly endedAt: string | null } | null };

export const WatchRescans = "subscription WatchRescans {\n  updateRescanChanged {\n    rescans {\n      ...Rescan\n    }\n  }\n}\nfragment Rescan on UpdateRescan {\n  engine {\n    id\n    name\n  }\n  enabled\n  version\n  slots\n  run {\n    state\n    version\n    checked\n    failed\n    flips\n    startedAt\n    endedAt\n  }\n}" as unknown as TypedDocumentNode<WatchRescansSubscription, WatchRescansSubscriptionVariables>;

export const SetRescan = "mutation SetRescan($engine: String!, $enabled: Boolean!) {\n  setRescanAfterUpdates(engine: $engine, enabled: $enabled) {\n    ... on SetRescanAfterUpdatesSuccess {\n      rescan {\n        ...Rescan\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}\nfragment Rescan on UpdateRescan {\n  engine {\n    id\n    name\n  }\n  enabled\n  version\n  slots\n  run {\n    state\n    version\n    checked\n    failed\n    flips\n    startedAt\n    endedAt\n  }\n}" as unknown as TypedDocumentNode<SetRescanMutation, SetRescanMutationVariables>;

export const ReadFlips = "query ReadFlips($filter: VerdictFlipFilter, $after: String) {\n  verdictFlips(filter: $filter, first: 25, after: $after) {\n    nodes {\n      id\n      engine\n      from\n      to\n      fromSignature\n      toSignature\n      fromVersion\n      toVersion\n      at\n      sample {\n        sha256\n      }\n      scan {\n        scanId\n        name\n      }\n    }\n    pageInfo {\n      hasNextPage\n      hasPreviousPage\n      startCursor\n      endCursor\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadFlipsQuery, ReadFlipsQueryVariables>;

export const WatchFlips = "subscription WatchFlips {\n  verdictFlipped {\n    revision\n  }\n}" as unknown as TypedDocumentNode<WatchFlipsSubscription, WatchFlipsSubscriptionVariables>;
