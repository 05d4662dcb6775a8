// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What an API key may be allowed to do. */
export type Scope =
  /** Everything: all other scopes, API keys and the audit log. */
  | 'ADMIN'
  /** Change engines and agents. */
  | 'FLEET_WRITE'
  /** Download samples. */
  | 'SAMPLE_READ'
  /** Read and watch scans, sample records, engines, agents and metrics. */
  | 'SCAN_READ'
  /** Scan samples; cancel and delete scans. */
  | 'SCAN_WRITE';

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { readonly viewer: { readonly keyName: string | null, readonly scopes: ReadonlyArray<Scope>, readonly authRequired: boolean, readonly serverTime: string, readonly version: string, readonly limits: { readonly sampleBytes: number, readonly batchSamples: number, readonly pageLength: number } } };

export type WatchReadinessSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchReadinessSubscription = { readonly readinessUpdated: { readonly reason: string | null } };

export const Viewer = "query Viewer {\n  viewer {\n    keyName\n    scopes\n    authRequired\n    serverTime\n    version\n    limits {\n      sampleBytes\n      batchSamples\n      pageLength\n    }\n  }\n}" as unknown as TypedDocumentNode<ViewerQuery, ViewerQueryVariables>;

export const WatchReadiness = "subscription WatchReadiness {\n  readinessUpdated {\n    reason\n  }\n}" as unknown as TypedDocumentNode<WatchReadinessSubscription, WatchReadinessSubscriptionVariables>;
