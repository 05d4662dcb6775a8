// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Whether an agent takes work. */
export type AgentState =
  /** It takes no new work and finishes what it has, however long that takes. */
  | 'CORDONED'
  /** It takes no new work and hands back what it does not finish within its drain grace. */
  | 'DRAINING'
  /** It takes work with its healthy engines. */
  | 'READY';

/** Whether engines can reach the internet while they scan. */
export type InternetClass =
  /** They can; only scans that allow it are sent to them. */
  | 'INTERNET'
  /** They cannot; samples stay in the mesh. */
  | 'ISOLATED';

export type WatchAgentsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchAgentsSubscription = { readonly agentChanged: { readonly revision: number, readonly snapshot: boolean, readonly agents: ReadonlyArray<{ readonly id: string, readonly agent: string, readonly host: string, readonly version: string, readonly class: InternetClass, readonly state: AgentState, readonly startedAt: string, readonly largestSample: number | null, readonly proofs: ReadonlyArray<string>, readonly engines: ReadonlyArray<{ readonly name: string, readonly slots: number, readonly busy: number, readonly healthy: boolean, readonly reason: string | null, readonly warnings: ReadonlyArray<string> }> }>, readonly gone: ReadonlyArray<{ readonly agent: string }> } };

export type WatchQueuesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchQueuesSubscription = { readonly queueChanged: { readonly revision: number, readonly snapshot: boolean, readonly queues: ReadonlyArray<{ readonly waiting: number, readonly running: number, readonly slots: number, readonly agents: number, readonly dead: number, readonly redelivered: number, readonly estimatedWaitMs: number | null, readonly engine: { readonly name: string } }>, readonly gone: ReadonlyArray<{ readonly engine: { readonly name: string } }> } };

export type CordonAgentMutationVariables = Exact<{
  agent: string;
}>;


export type CordonAgentMutation = { readonly cordonAgent:
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type DrainAgentMutationVariables = Exact<{
  agent: string;
}>;


export type DrainAgentMutation = { readonly drainAgent:
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type ResumeAgentMutationVariables = Exact<{
  agent: string;
}>;


export type ResumeAgentMutation = { readonly resumeAgent:
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type ReadHeartbeatsQueryVariables = Exact<{ [key: string]: never; }>;


export type ReadHeartbeatsQuery = { readonly agents: ReadonlyArray<{ readonly agent: string, readonly lastHeardAt: string }>, readonly goneAgents: ReadonlyArray<{ readonly agent: string, readonly host: string, readonly version: string, readonly class: InternetClass, readonly lastHeardAt: string, readonly engines: ReadonlyArray<string> }> };

export type RemoveAgentMutationVariables = Exact<{
  agent: string;
}>;


export type RemoveAgentMutation = { readonly removeAgent:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export const WatchAgents = "subscription WatchAgents {\n  agentChanged {\n    revision\n    snapshot\n    agents {\n      id\n      agent\n      host\n      version\n      class\n      state\n      startedAt\n      largestSample\n      proofs\n      engines {\n        name\n        slots\n        busy\n        healthy\n        reason\n        warnings\n      }\n    }\n    gone {\n      agent\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchAgentsSubscription, WatchAgentsSubscriptionVariables>;

export const WatchQueues = "subscription WatchQueues {\n  queueChanged {\n    revision\n    snapshot\n    queues {\n      waiting\n      running\n      slots\n      agents\n      dead\n      redelivered\n      estimatedWaitMs\n      engine {\n        name\n      }\n    }\n    gone {\n      engine {\n        name\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchQueuesSubscription, WatchQueuesSubscriptionVariables>;

export const CordonAgent = "mutation CordonAgent($agent: String!) {\n  cordonAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CordonAgentMutation, CordonAgentMutationVariables>;

export const DrainAgent = "mutation DrainAgent($agent: String!) {\n  drainAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<DrainAgentMutation, DrainAgentMutationVariables>;

export const ResumeAgent = "mutation ResumeAgent($agent: String!) {\n  resumeAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<ResumeAgentMutation, ResumeAgentMutationVariables>;

export const ReadHeartbeats = "query ReadHeartbeats {\n  agents {\n    agent\n    lastHeardAt\n  }\n  goneAgents {\n    agent\n    host\n    version\n    class\n    lastHeardAt\n    engines\n  }\n}" as unknown as TypedDocumentNode<ReadHeartbeatsQuery, ReadHeartbeatsQueryVariables>;

export const RemoveAgent = "mutation RemoveAgent($agent: String!) {\n  removeAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RemoveAgentMutation, RemoveAgentMutationVariables>;
