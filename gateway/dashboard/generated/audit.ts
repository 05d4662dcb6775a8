// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Which events to list: those that match every given field; case-sensitive. */
export type AuditFilter = {
  /** With this action. */
  readonly action?: string | null | undefined;
  /** With this API key. */
  readonly keyId?: string | null | undefined;
  /** At this time or later. */
  readonly since?: string | null | undefined;
  /** About this subject. */
  readonly subject?: string | null | undefined;
  /** Whose action, subject, address, request id, key or details contain this text, in any case. Every event in the range of time is looked at, so narrow it where the log is long. */
  readonly text?: string | null | undefined;
  /** Before this time. */
  readonly until?: string | null | undefined;
};

export type ReadAuditQueryVariables = Exact<{
  filter?: AuditFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ReadAuditQuery = { readonly auditEvents: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly at: string, readonly action: string, readonly subject: string, readonly keyId: string | null, readonly keyName: string | null, readonly address: string, readonly requestId: string, readonly details: Readonly<Record<string, unknown>> }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type CountEventsQueryVariables = Exact<{
  filter?: AuditFilter | null | undefined;
}>;


export type CountEventsQuery = { readonly auditEvents: { readonly totalCount: number, readonly totalCountIsExact: boolean } };

export const ReadAudit = "query ReadAudit($filter: AuditFilter, $after: String) {\n  auditEvents(first: 50, filter: $filter, after: $after) {\n    nodes {\n      id\n      at\n      action\n      subject\n      keyId\n      keyName\n      address\n      requestId\n      details\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadAuditQuery, ReadAuditQueryVariables>;

export const CountEvents = "query CountEvents($filter: AuditFilter) {\n  auditEvents(first: 1, filter: $filter) {\n    totalCount\n    totalCountIsExact\n  }\n}" as unknown as TypedDocumentNode<CountEventsQuery, CountEventsQueryVariables>;
