// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** A new API key. */
export type CreateApiKeyInput = {
  /** Scans a day, by UTC, on all gateways together; without it no limit. */
  readonly dailyScans?: number | null | undefined;
  /** When it expires; without it never. */
  readonly expiresAt?: string | null | undefined;
  /** What it is for, or who uses it: 1 to 200 characters. */
  readonly name: string;
  /** Requests a second that each gateway lets through, at least 0.01; without it no limit. */
  readonly rate?: number | null | undefined;
  /** What it allows; at least one. */
  readonly scopes: ReadonlyArray<Scope>;
};

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

export type ReadKeysQueryVariables = Exact<{
  revoked: boolean;
  after?: string | null | undefined;
}>;


export type ReadKeysQuery = { readonly apiKeyConnection: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly name: string, readonly scopes: ReadonlyArray<Scope>, readonly createdAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null, readonly rate: number | null, readonly dailyScans: number | null, readonly scansToday: number | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type CountKeysQueryVariables = Exact<{
  revoked: boolean;
}>;


export type CountKeysQuery = { readonly apiKeys: ReadonlyArray<{ readonly expiresAt: string | null, readonly revokedAt: string | null, readonly lastUsedAt: string | null }> };

export type CreateKeyMutationVariables = Exact<{
  input: CreateApiKeyInput;
}>;


export type CreateKeyMutation = { readonly createApiKey:
    | { readonly text: string, readonly apiKey: { readonly id: string } }
    | { readonly message: string }
   };

export type RevokeKeyMutationVariables = Exact<{
  id: string;
}>;


export type RevokeKeyMutation = { readonly revokeApiKey:
    | { readonly apiKey: { readonly id: string } }
    | { readonly message: string }
   };

export const ReadKeys = "query ReadKeys($revoked: Boolean!, $after: String) {\n  apiKeyConnection(first: 50, revoked: $revoked, after: $after) {\n    nodes {\n      id\n      name\n      scopes\n      createdAt\n      expiresAt\n      lastUsedAt\n      revokedAt\n      rate\n      dailyScans\n      scansToday\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadKeysQuery, ReadKeysQueryVariables>;

export const CountKeys = "query CountKeys($revoked: Boolean!) {\n  apiKeys(revoked: $revoked) {\n    expiresAt\n    revokedAt\n    lastUsedAt\n  }\n}" as unknown as TypedDocumentNode<CountKeysQuery, CountKeysQueryVariables>;

export const CreateKey = "mutation CreateKey($input: CreateApiKeyInput!) {\n  createApiKey(input: $input) {\n    ... on CreateApiKeySuccess {\n      text\n      apiKey {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CreateKeyMutation, CreateKeyMutationVariables>;

export const RevokeKey = "mutation RevokeKey($id: ID!) {\n  revokeApiKey(id: $id) {\n    ... on RevokeApiKeySuccess {\n      apiKey {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RevokeKeyMutation, RevokeKeyMutationVariables>;
