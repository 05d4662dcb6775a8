// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What differs from the days before. */
export type CanaryJump =
  /** More of its answers are failures. */
  | 'FAILURES'
  /** It finds something in fewer samples. */
  | 'FEWER_DETECTIONS'
  /** It finds something in more samples. */
  | 'MORE_DETECTIONS'
  /** It takes longer. */
  | 'SLOWER';

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

/** How far a look at a source is. */
export type FetchState =
  /** The source refuses until a time. */
  | 'BLOCKED'
  /** It is asked whether there is something new. */
  | 'CHECKING'
  /** There was nothing new, or the mesh has it. */
  | 'DONE'
  /** It failed; `reason` says why. */
  | 'FAILED'
  /** Files are fetched. */
  | 'FETCHING'
  /** They go to the mesh. */
  | 'UPLOADING'
  /** They are verified. */
  | 'VERIFYING'
  /** No fetcher has it yet. */
  | 'WAITING';

/** How a new version takes the old one's place on a host. */
export type SwitchWay =
  /** Beside the old one if the memory is there, else in turn. */
  | 'AUTO'
  /** It is started and tested while the old one serves. */
  | 'BESIDE'
  /** The old one is stopped first; other hosts serve meanwhile. */
  | 'IN_TURN';

/** Why an update began. */
export type UpdateCause =
  /** Somebody asked for it. */
  | 'ASKED'
  /** A fetcher brought a new bundle. */
  | 'FETCHED'
  /** Somebody asked for what was served before. */
  | 'ROLLBACK';

/** How far an engine on a host is with a bundle. */
export type UpdateHostState =
  /** It serves what its host gives it: the mesh has no say. */
  | 'BY_HOST'
  /** It serves the new bundle before the others. */
  | 'CANARY'
  /** It serves what it served before, because of `reason`. */
  | 'FAILED'
  /** It fetches the files that it lacks. */
  | 'FETCHING'
  /** Its agent is not there. */
  | 'GONE'
  /** It serves the new bundle before the others, and the update is held. */
  | 'HELD'
  /** It serves it. */
  | 'SERVING'
  /** The new bundle is started and tested. */
  | 'TESTING'
  /** Its turn has not come, or it has not begun yet. */
  | 'WAITING';

/** How the bundles of a set come to its engine. What is left out stays. */
export type UpdatePolicyInput = {
  /** Whether what is fetched is served without being asked for. */
  readonly automatic?: boolean | null | undefined;
  /** Seconds between two looks at the source: an hour to 30 days. */
  readonly checkEverySeconds?: number | null | undefined;
  /** The engine. */
  readonly engine: string;
  /** The set. */
  readonly set?: string;
  /** How a new version takes the old one's place. */
  readonly switch?: SwitchWay | null | undefined;
  /** Minute of the day (UTC) from which such updates begin; null: at any time. */
  readonly windowFrom?: number | null | undefined;
  /** Minute of the day (UTC) until which they do; both or none. */
  readonly windowTo?: number | null | undefined;
};

export type WatchUpdateSetsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchUpdateSetsSubscription = { readonly updateSetsUpdated: ReadonlyArray<{ readonly engine: string, readonly set: string, readonly serves: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly newest: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly policy: { readonly automatic: boolean, readonly checkEverySeconds: number, readonly windowFrom: number | null, readonly windowTo: number | null, readonly switch: SwitchWay, readonly isPaused: boolean, readonly pausedUntil: string | null }, readonly check: { readonly state: FetchState, readonly reason: string | null, readonly checkedAt: string | null, readonly nextAt: string, readonly blockedUntil: string | null, readonly failuresInARow: number } | null, readonly update: { readonly id: string, readonly engine: string, readonly set: string, readonly cause: UpdateCause, readonly state: EngineUpdateState, readonly reason: string | null, readonly canary: string | null, readonly waitsFor: string | null, readonly waitsUntil: string | null, readonly createdAt: string, readonly endedAt: string | null, readonly evidence: { readonly jump: CanaryJump | null, readonly now: { readonly answers: number }, readonly samples: ReadonlyArray<{ readonly scanId: number, readonly sha256: string, readonly name: string, readonly signature: string | null, readonly error: string | null, readonly durationMs: number | null }> } | null, readonly fromBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly toBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null } | null, readonly hosts: ReadonlyArray<{ readonly agent: string, readonly state: UpdateHostState, readonly signatureVersion: string | null, readonly reason: string | null, readonly bytes: number, readonly total: number, readonly since: string | null, readonly serving: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly target: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null }> }> };

export type ReadUpdatesQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ReadUpdatesQuery = { readonly engineUpdates: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly engine: string, readonly set: string, readonly cause: UpdateCause, readonly state: EngineUpdateState, readonly reason: string | null, readonly canary: string | null, readonly waitsFor: string | null, readonly waitsUntil: string | null, readonly createdAt: string, readonly endedAt: string | null, readonly fromBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly toBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type ReadUpdatesOfQueryVariables = Exact<{
  engine: string;
  set: string;
}>;


export type ReadUpdatesOfQuery = { readonly engineUpdates: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly engine: string, readonly set: string, readonly cause: UpdateCause, readonly state: EngineUpdateState, readonly reason: string | null, readonly canary: string | null, readonly waitsFor: string | null, readonly waitsUntil: string | null, readonly createdAt: string, readonly endedAt: string | null, readonly fromBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly toBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null }> } };

export type UpdateSetNowMutationVariables = Exact<{
  engine: string;
  set: string;
  skipCanary: boolean;
}>;


export type UpdateSetNowMutation = { readonly updateEngines:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly asked: ReadonlyArray<string>, readonly updates: ReadonlyArray<{ readonly id: string }>, readonly refused: ReadonlyArray<{ readonly message: string }> }
   };

export type RollBackSetMutationVariables = Exact<{
  engine: string;
  set: string;
}>;


export type RollBackSetMutation = { readonly rollbackEngine:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type SkipCanaryMutationVariables = Exact<{
  id: string;
}>;


export type SkipCanaryMutation = { readonly skipCanary:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type PauseSetMutationVariables = Exact<{
  engine: string;
  set: string;
}>;


export type PauseSetMutation = { readonly pauseUpdates:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type ResumeSetMutationVariables = Exact<{
  engine: string;
  set: string;
}>;


export type ResumeSetMutation = { readonly resumeUpdates:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type SetPolicyMutationVariables = Exact<{
  input: UpdatePolicyInput;
}>;


export type SetPolicyMutation = { readonly setUpdatePolicy:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type ServedBundleFragment = { readonly digest: string, readonly sequence: number, readonly version: string | null };

export type UpdateRowFragment = { readonly id: string, readonly engine: string, readonly set: string, readonly cause: UpdateCause, readonly state: EngineUpdateState, readonly reason: string | null, readonly canary: string | null, readonly waitsFor: string | null, readonly waitsUntil: string | null, readonly createdAt: string, readonly endedAt: string | null, readonly fromBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null, readonly toBundle: { readonly digest: string, readonly sequence: number, readonly version: string | null } | null };

export const WatchUpdateSets = "subscription WatchUpdateSets {\n  updateSetsUpdated {\n    engine\n    set\n    serves {\n      ...ServedBundle\n    }\n    newest {\n      ...ServedBundle\n    }\n    policy {\n      automatic\n      checkEverySeconds\n      windowFrom\n      windowTo\n      switch\n      isPaused\n      pausedUntil\n    }\n    check {\n      state\n      reason\n      checkedAt\n      nextAt\n      blockedUntil\n      failuresInARow\n    }\n    update {\n      ...UpdateRow\n      evidence {\n        now {\n          answers\n        }\n        jump\n        samples {\n          scanId\n          sha256\n          name\n          signature\n          error\n          durationMs\n        }\n      }\n    }\n    hosts {\n      agent\n      state\n      serving {\n        ...ServedBundle\n      }\n      target {\n        ...ServedBundle\n      }\n      signatureVersion\n      reason\n      bytes\n      total\n      since\n    }\n  }\n}\nfragment ServedBundle on BundleVersion {\n  digest\n  sequence\n  version\n}\nfragment UpdateRow on EngineUpdate {\n  id\n  engine\n  set\n  cause\n  state\n  reason\n  canary\n  waitsFor\n  waitsUntil\n  createdAt\n  endedAt\n  fromBundle {\n    ...ServedBundle\n  }\n  toBundle {\n    ...ServedBundle\n  }\n}" as unknown as TypedDocumentNode<WatchUpdateSetsSubscription, WatchUpdateSetsSubscriptionVariables>;

export const ReadUpdates = "query ReadUpdates($after: String) {\n  engineUpdates(first: 25, after: $after) {\n    nodes {\n      ...UpdateRow\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\nfragment UpdateRow on EngineUpdate {\n  id\n  engine\n  set\n  cause\n  state\n  reason\n  canary\n  waitsFor\n  waitsUntil\n  createdAt\n  endedAt\n  fromBundle {\n    ...ServedBundle\n  }\n  toBundle {\n    ...ServedBundle\n  }\n}\nfragment ServedBundle on BundleVersion {\n  digest\n  sequence\n  version\n}" as unknown as TypedDocumentNode<ReadUpdatesQuery, ReadUpdatesQueryVariables>;

export const ReadUpdatesOf = "query ReadUpdatesOf($engine: String!, $set: String!) {\n  engineUpdates(engine: $engine, set: $set, first: 25) {\n    nodes {\n      ...UpdateRow\n    }\n  }\n}\nfragment UpdateRow on EngineUpdate {\n  id\n  engine\n  set\n  cause\n  state\n  reason\n  canary\n  waitsFor\n  waitsUntil\n  createdAt\n  endedAt\n  fromBundle {\n    ...ServedBundle\n  }\n  toBundle {\n    ...ServedBundle\n  }\n}\nfragment ServedBundle on BundleVersion {\n  digest\n  sequence\n  version\n}" as unknown as TypedDocumentNode<ReadUpdatesOfQuery, ReadUpdatesOfQueryVariables>;

export const UpdateSetNow = "mutation UpdateSetNow($engine: String!, $set: String!, $skipCanary: Boolean!) {\n  updateEngines(input: {engines: [$engine], set: $set, skipCanary: $skipCanary}) {\n    ... on UpdateEnginesSuccess {\n      updates {\n        id\n      }\n      refused {\n        message\n      }\n      asked\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<UpdateSetNowMutation, UpdateSetNowMutationVariables>;

export const RollBackSet = "mutation RollBackSet($engine: String!, $set: String!) {\n  rollbackEngine(engine: $engine, set: $set) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RollBackSetMutation, RollBackSetMutationVariables>;

export const SkipCanary = "mutation SkipCanary($id: ID!) {\n  skipCanary(id: $id) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<SkipCanaryMutation, SkipCanaryMutationVariables>;

export const PauseSet = "mutation PauseSet($engine: String!, $set: String!) {\n  pauseUpdates(engines: [$engine], set: $set) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<PauseSetMutation, PauseSetMutationVariables>;

export const ResumeSet = "mutation ResumeSet($engine: String!, $set: String!) {\n  resumeUpdates(engines: [$engine], set: $set) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<ResumeSetMutation, ResumeSetMutationVariables>;

export const SetPolicy = "mutation SetPolicy($input: UpdatePolicyInput!) {\n  setUpdatePolicy(input: $input) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<SetPolicyMutation, SetPolicyMutationVariables>;
