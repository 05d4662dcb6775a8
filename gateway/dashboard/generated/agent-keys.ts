// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What the mesh makes of an agent's key. */
export type AgentKeyState =
  /** The agent is let in. */
  | 'JOINED'
  /** The agent is let in nowhere. */
  | 'REVOKED'
  /** An agent of this name has joined with another key: `acceptAgent` gives the name to this one. */
  | 'WAITING';

/** Whether engines can reach the internet while they scan. */
export type InternetClass =
  /** They can; only scans that allow it are sent to them. */
  | 'INTERNET'
  /** They cannot; samples stay in the mesh. */
  | 'ISOLATED';

export type WatchAgentKeysSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchAgentKeysSubscription = { readonly agentKeysUpdated: ReadonlyArray<{ readonly publicKey: string, readonly agent: string, readonly class: InternetClass, readonly state: AgentKeyState, readonly ephemeral: boolean, readonly host: string, readonly version: string, readonly joinedAt: string, readonly renewedAt: string, readonly clonedAt: string | null }> };

export type AcceptAgentMutationVariables = Exact<{
  agent: string;
  publicKey: string;
}>;


export type AcceptAgentMutation = { readonly acceptAgent:
    | { readonly agentKey: { readonly publicKey: string, readonly state: AgentKeyState } }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
   };

export type RevokeAgentMutationVariables = Exact<{
  agent: string;
}>;


export type RevokeAgentMutation = { readonly revokeAgent:
    | { readonly message: string }
    | { readonly agentKey: { readonly publicKey: string, readonly state: AgentKeyState } }
    | { readonly message: string }
   };

export const WatchAgentKeys = "subscription WatchAgentKeys {\n  agentKeysUpdated {\n    publicKey\n    agent\n    class\n    state\n    ephemeral\n    host\n    version\n    joinedAt\n    renewedAt\n    clonedAt\n  }\n}" as unknown as TypedDocumentNode<WatchAgentKeysSubscription, WatchAgentKeysSubscriptionVariables>;

export const AcceptAgent = "mutation AcceptAgent($agent: String!, $publicKey: ID!) {\n  acceptAgent(agent: $agent, publicKey: $publicKey) {\n    ... on AcceptAgentSuccess {\n      agentKey {\n        publicKey\n        state\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<AcceptAgentMutation, AcceptAgentMutationVariables>;

export const RevokeAgent = "mutation RevokeAgent($agent: String!) {\n  revokeAgent(agent: $agent) {\n    ... on RevokeAgentSuccess {\n      agentKey {\n        publicKey\n        state\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RevokeAgentMutation, RevokeAgentMutationVariables>;
