// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Whether engines can reach the internet while they scan. */
export type InternetClass =
  /** They can; only scans that allow it are sent to them. */
  | 'INTERNET'
  /** They cannot; samples stay in the mesh. */
  | 'ISOLATED';

/** How a host gets the agent that joins. */
export type JoinMethod =
  /** A clone of ScanMesh, in which the line is run. */
  | 'CLONE'
  /** The agent's image, on a host with Docker. */
  | 'DOCKER'
  /** A bare host, which fetches a script and the agent from the gateway. */
  | 'SCRIPT';

export type CreateJoinTokenMutationVariables = Exact<{
  class: InternetClass;
  ttl: number;
  uses: number;
  namePattern?: string | null | undefined;
  ephemeral: boolean;
  gateway?: string | null | undefined;
}>;


export type CreateJoinTokenMutation = { readonly createJoinToken:
    | { readonly text: string, readonly joinToken: { readonly id: string }, readonly lines: ReadonlyArray<{ readonly method: JoinMethod, readonly text: string }> }
    | { readonly message: string }
   };

export type WatchTokensSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchTokensSubscription = { readonly joinTokensUpdated: ReadonlyArray<{ readonly id: string, readonly class: InternetClass, readonly uses: number | null, readonly used: number, readonly expiresAt: string | null, readonly revokedAt: string | null, readonly agents: ReadonlyArray<string>, readonly refusals: ReadonlyArray<{ readonly code: string, readonly sentence: string, readonly host: string | null, readonly agent: string | null, readonly attempts: number, readonly at: string }> }> };

export type WatchArrivalsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchArrivalsSubscription = { readonly agentChanged: { readonly revision: number, readonly snapshot: boolean, readonly agents: ReadonlyArray<{ readonly id: string, readonly agent: string, readonly class: InternetClass, readonly engines: ReadonlyArray<{ readonly name: string, readonly healthy: boolean, readonly reason: string | null }> }>, readonly gone: ReadonlyArray<{ readonly agent: string }> } };

export type WatchTokenTableSubscriptionVariables = Exact<{
  ended: boolean;
}>;


export type WatchTokenTableSubscription = { readonly joinTokensUpdated: ReadonlyArray<{ readonly id: string, readonly class: InternetClass, readonly namePattern: string | null, readonly ephemeral: boolean, readonly uses: number | null, readonly used: number, readonly agents: ReadonlyArray<string>, readonly createdAt: string, readonly expiresAt: string | null, readonly revokedAt: string | null }> };

export type RevokeTokenMutationVariables = Exact<{
  id: string;
}>;


export type RevokeTokenMutation = { readonly revokeJoinToken:
    | { readonly joinToken: { readonly id: string } }
    | { readonly message: string }
   };

export const CreateJoinToken = "mutation CreateJoinToken($class: InternetClass!, $ttl: Int!, $uses: Int!, $namePattern: String, $ephemeral: Boolean!, $gateway: String) {\n  createJoinToken(\n    class: $class\n    ttl: $ttl\n    uses: $uses\n    namePattern: $namePattern\n    ephemeral: $ephemeral\n    gateway: $gateway\n  ) {\n    ... on CreateJoinTokenSuccess {\n      joinToken {\n        id\n      }\n      text\n      lines {\n        method\n        text\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CreateJoinTokenMutation, CreateJoinTokenMutationVariables>;

export const WatchTokens = "subscription WatchTokens {\n  joinTokensUpdated(ended: true) {\n    id\n    class\n    uses\n    used\n    expiresAt\n    revokedAt\n    agents\n    refusals {\n      code\n      sentence\n      host\n      agent\n      attempts\n      at\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchTokensSubscription, WatchTokensSubscriptionVariables>;

export const WatchArrivals = "subscription WatchArrivals {\n  agentChanged {\n    revision\n    snapshot\n    agents {\n      id\n      agent\n      class\n      engines {\n        name\n        healthy\n        reason\n      }\n    }\n    gone {\n      agent\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchArrivalsSubscription, WatchArrivalsSubscriptionVariables>;

export const WatchTokenTable = "subscription WatchTokenTable($ended: Boolean!) {\n  joinTokensUpdated(ended: $ended) {\n    id\n    class\n    namePattern\n    ephemeral\n    uses\n    used\n    agents\n    createdAt\n    expiresAt\n    revokedAt\n  }\n}" as unknown as TypedDocumentNode<WatchTokenTableSubscription, WatchTokenTableSubscriptionVariables>;

export const RevokeToken = "mutation RevokeToken($id: ID!) {\n  revokeJoinToken(id: $id) {\n    ... on RevokeJoinTokenSuccess {\n      joinToken {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RevokeTokenMutation, RevokeTokenMutationVariables>;
