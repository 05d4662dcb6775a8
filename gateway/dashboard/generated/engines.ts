// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What an engine gets of a sample. */
export type EngineInput =
  /** Its bytes. */
  | 'FILE'
  /** Its hashes only. */
  | 'HASH';

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

export type ReadEnginesQueryVariables = Exact<{ [key: string]: never; }>;


export type ReadEnginesQuery = { readonly engines: ReadonlyArray<{ readonly id: string, readonly name: string, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly input: EngineInput, readonly enabled: boolean, readonly available: boolean, readonly lastHealthyAt: string | null, readonly stale: boolean, readonly versions: { readonly engine: string | null, readonly signatures: string | null, readonly signatureDate: string | null } }>, readonly stats: { readonly from: string, readonly to: string, readonly engines: ReadonlyArray<{ readonly engine: string, readonly results: number, readonly detections: number, readonly errors: number, readonly errorRate: number | null, readonly durations: { readonly p95Ms: number | null } }> } };

export type LastErrorQueryVariables = Exact<{
  engine: string;
  since: string;
}>;


export type LastErrorQuery = { readonly scans: { readonly nodes: ReadonlyArray<{ readonly scanId: number, readonly startDate: string, readonly endDate: string | null, readonly results: ReadonlyArray<{ readonly engine: string, readonly state: ResultState, readonly error: string | null, readonly causeText: string | null }> }> } };

export type LastSwitchQueryVariables = Exact<{
  name: string;
}>;


export type LastSwitchQuery = { readonly auditEvents: { readonly nodes: ReadonlyArray<{ readonly at: string, readonly keyName: string | null, readonly address: string }> } };

export type ReadSuppressionsQueryVariables = Exact<{
  ended: boolean;
  after?: string | null | undefined;
}>;


export type ReadSuppressionsQuery = { readonly suppressions: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly engine: string | null, readonly signature: string, readonly reason: string, readonly createdAt: string, readonly expiresAt: string | null, readonly endedAt: string | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type LiftSuppressionMutationVariables = Exact<{
  id: string;
}>;


export type LiftSuppressionMutation = { readonly liftSuppression:
    | { readonly suppression: { readonly id: string, readonly endedAt: string | null } }
    | { readonly message: string }
   };

export type WatchEnginesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchEnginesSubscription = { readonly engineChanged: { readonly revision: number, readonly snapshot: boolean, readonly engines: ReadonlyArray<{ readonly id: string, readonly name: string, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly input: EngineInput, readonly enabled: boolean, readonly available: boolean, readonly lastHealthyAt: string | null, readonly stale: boolean, readonly versions: { readonly engine: string | null, readonly signatures: string | null, readonly signatureDate: string | null } }>, readonly gone: ReadonlyArray<{ readonly name: string }> } };

export type WatchEngineAgentsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchEngineAgentsSubscription = { readonly agentChanged: { readonly revision: number, readonly snapshot: boolean, readonly agents: ReadonlyArray<{ readonly agent: string, readonly engines: ReadonlyArray<{ readonly name: string, readonly slots: number, readonly busy: number, readonly healthy: boolean, readonly reason: string | null, readonly warnings: ReadonlyArray<string>, readonly testedAt: string | null, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly input: EngineInput }> }>, readonly gone: ReadonlyArray<{ readonly agent: string }> } };

export type EnableEngineMutationVariables = Exact<{
  name: string;
  enabled: boolean;
}>;


export type EnableEngineMutation = { readonly setEngineEnabled:
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type TestEngineMutationVariables = Exact<{
  name: string;
}>;


export type TestEngineMutation = { readonly selfTestEngine:
    | { readonly message: string }
    | { readonly agents: ReadonlyArray<string> }
    | { readonly message: string }
   };

export type AcceptEngineMutationVariables = Exact<{
  name: string;
}>;


export type AcceptEngineMutation = { readonly acceptEngineChange:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type RemoveEngineMutationVariables = Exact<{
  name: string;
}>;


export type RemoveEngineMutation = { readonly removeEngine:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type EngineRowFragment = { readonly id: string, readonly name: string, readonly type: PluginType, readonly speed: EngineSpeed, readonly internet: boolean, readonly input: EngineInput, readonly enabled: boolean, readonly available: boolean, readonly lastHealthyAt: string | null, readonly stale: boolean, readonly versions: { readonly engine: string | null, readonly signatures: string | null, readonly signatureDate: string | null } };

export const ReadEngines = "query ReadEngines {\n  engines {\n    ...EngineRow\n  }\n  stats(interval: HOUR) {\n    from\n    to\n    engines {\n      engine\n      results\n      detections\n      errors\n      errorRate\n      durations {\n        p95Ms\n      }\n    }\n  }\n}\nfragment EngineRow on Engine {\n  id\n  name\n  type\n  speed\n  internet\n  input\n  enabled\n  available\n  lastHealthyAt\n  stale\n  versions {\n    engine\n    signatures\n    signatureDate\n  }\n}" as unknown as TypedDocumentNode<ReadEnginesQuery, ReadEnginesQueryVariables>;

export const LastError = "query LastError($engine: String!, $since: DateTimeISO!) {\n  scans(\n    first: 1\n    filter: {ended: {since: $since}, results: [{engines: [$engine], states: [FAILED, NO_AGENT, TIMEOUT, UNSCANNED]}]}\n  ) {\n    nodes {\n      scanId\n      startDate\n      endDate\n      results {\n        engine\n        state\n        error\n        causeText\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<LastErrorQuery, LastErrorQueryVariables>;

export const LastSwitch = "query LastSwitch($name: String!) {\n  auditEvents(first: 1, filter: {action: \"setEngineEnabled\", subject: $name}) {\n    nodes {\n      at\n      keyName\n      address\n    }\n  }\n}" as unknown as TypedDocumentNode<LastSwitchQuery, LastSwitchQueryVariables>;

export const ReadSuppressions = "query ReadSuppressions($ended: Boolean!, $after: String) {\n  suppressions(first: 50, ended: $ended, after: $after) {\n    nodes {\n      id\n      engine\n      signature\n      reason\n      createdAt\n      expiresAt\n      endedAt\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadSuppressionsQuery, ReadSuppressionsQueryVariables>;

export const LiftSuppression = "mutation LiftSuppression($id: ID!) {\n  liftSuppression(id: $id) {\n    ... on LiftSuppressionSuccess {\n      suppression {\n        id\n        endedAt\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<LiftSuppressionMutation, LiftSuppressionMutationVariables>;

export const WatchEngines = "subscription WatchEngines {\n  engineChanged {\n    revision\n    snapshot\n    engines {\n      ...EngineRow\n    }\n    gone {\n      name\n    }\n  }\n}\nfragment EngineRow on Engine {\n  id\n  name\n  type\n  speed\n  internet\n  input\n  enabled\n  available\n  lastHealthyAt\n  stale\n  versions {\n    engine\n    signatures\n    signatureDate\n  }\n}" as unknown as TypedDocumentNode<WatchEnginesSubscription, WatchEnginesSubscriptionVariables>;

export const WatchEngineAgents = "subscription WatchEngineAgents {\n  agentChanged {\n    revision\n    snapshot\n    agents {\n      agent\n      engines {\n        name\n        slots\n        busy\n        healthy\n        reason\n        warnings\n        testedAt\n        type\n        speed\n        internet\n        input\n      }\n    }\n    gone {\n      agent\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchEngineAgentsSubscription, WatchEngineAgentsSubscriptionVariables>;

export const EnableEngine = "mutation EnableEngine($name: String!, $enabled: Boolean!) {\n  setEngineEnabled(name: $name, enabled: $enabled) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<EnableEngineMutation, EnableEngineMutationVariables>;

export const TestEngine = "mutation TestEngine($name: String!) {\n  selfTestEngine(name: $name) {\n    ... on SelfTestEngineSuccess {\n      agents\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<TestEngineMutation, TestEngineMutationVariables>;

export const AcceptEngine = "mutation AcceptEngine($name: String!) {\n  acceptEngineChange(name: $name) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<AcceptEngineMutation, AcceptEngineMutationVariables>;

export const RemoveEngine = "mutation RemoveEngine($name: String!) {\n  removeEngine(name: $name) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RemoveEngineMutation, RemoveEngineMutationVariables>;
