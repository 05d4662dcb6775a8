// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** How far an update is. */
export type EngineUpdateState =
  /** One host serves the new bundle, and is held against the engine's own last seven days. */
  | 'CANARY'
  /** Another one took its place before it had begun, or while it was held. */
  | 'CANCELLED'
  /** All hosts that are there serve it. */
  | 'DONE'
  /** The first host differs from the days before: somebody has to decide. */
  | 'HELD'
  /** It waits for its window, for a resumption, or for its first host. */
  | 'PENDING'
  /** It was given up, because of `reason`: all hosts serve again what they served before. */
  | 'ROLLED_BACK'
  /** The other hosts follow, some at a time. */
  | 'ROLLING';

/** Why an update began. */
export type UpdateCause =
  /** Somebody asked for it. */
  | 'ASKED'
  /** A fetcher brought a new bundle. */
  | 'FETCHED'
  /** Somebody asked for what was served before. */
  | 'ROLLBACK';

export type ReadWayBackQueryVariables = Exact<{
  engine: string;
  set: string;
}>;


export type ReadWayBackQuery = { readonly engineUpdates: { readonly nodes: ReadonlyArray<{ readonly state: EngineUpdateState, readonly cause: UpdateCause, readonly fromBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly toBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null }> } };

export type RollBackMutationVariables = Exact<{
  engine: string;
  set: string;
}>;


export type RollBackMutation = { readonly rollbackEngine:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type ServedBundleFragment = { readonly digest: string, readonly sequence: number, readonly version: string | null };

export const ReadWayBack = "query ReadWayBack($engine: String!, $set: String!) {\n  engineUpdates(\n    engine: $engine\n    set: $set\n    states: [DONE, CANARY, ROLLING, HELD, PENDING]\n    first: 100\n  ) {\n    nodes {\n      state\n      cause\n      fromBundle {\n        ...ServedBundle\n      }\n      toBundle {\n        ...ServedBundle\n      }\n    }\n  }\n}\nfragment ServedBundle on BundleVersion {\n  digest\n  sequence\n  version\n}" as unknown as TypedDocumentNode<ReadWayBackQuery, ReadWayBackQueryVariables>;

export const RollBack = "mutation RollBack($engine: String!, $set: String!) {\n  rollbackEngine(engine: $engine, set: $set) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RollBackMutation, RollBackMutationVariables>;
