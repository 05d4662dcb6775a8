// Made by `npm run generate` from the .graphql file of the same name.

import type { TypedDocumentNode } from "urql";

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** A new webhook. */
export type CreateWebhookInput = {
  /** The events to send. */
  readonly events: ReadonlyArray<WebhookEvent>;
  /** The secret that signs deliveries: `whsec_` and the base64 of 24 to 64 bytes. Without it one is generated. */
  readonly secret?: string | null | undefined;
  /** An http or https address. It must resolve to an address of the public internet, or of a network in SCANMESH_WEBHOOK_NETWORKS. */
  readonly url: string;
};

/** The state of a delivery. */
export type DeliveryState =
  /** The receiver answered with a 2xx status. */
  | 'DELIVERED'
  /** It was given up after all attempts; `redeliverWebhook` sends it again. */
  | 'FAILED'
  /** It waits to be sent, or to be sent again. */
  | 'PENDING';

/** An event that a webhook can be sent. */
export type WebhookEvent =
  /** A scan became final with a detection, or an engine found something afterwards. */
  | 'SCAN_DETECTED'
  /** A scan became final. */
  | 'SCAN_FINISHED'
  /** An engine says something else of a sample than before, since its signatures have changed. */
  | 'VERDICT_FLIPPED';

export type ReadWebhooksQueryVariables = Exact<{ [key: string]: never; }>;


export type ReadWebhooksQuery = { readonly webhooks: ReadonlyArray<{ readonly id: string, readonly webhookId: number, readonly url: string, readonly events: ReadonlyArray<WebhookEvent>, readonly enabled: boolean, readonly createdAt: string, readonly deliveries: { readonly nodes: ReadonlyArray<{ readonly id: string }> } }> };

export type ReadDeliveriesQueryVariables = Exact<{
  id: string;
  state?: DeliveryState | null | undefined;
  after?: string | null | undefined;
}>;


export type ReadDeliveriesQuery = { readonly node:
    | { readonly id: string, readonly webhookId: number, readonly url: string, readonly enabled: boolean, readonly deliveries: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly deliveryId: number, readonly event: WebhookEvent, readonly scanId: number, readonly state: DeliveryState, readonly attempts: number, readonly createdAt: string, readonly lastAttemptAt: string | null, readonly lastStatus: number | null, readonly lastError: string | null, readonly nextAttemptAt: string | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } }
    | Record<PropertyKey, never>
   | null };

export type WatchDeliveriesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchDeliveriesSubscription = { readonly webhookDeliveryChanged: { readonly revision: number, readonly deliveries: ReadonlyArray<{ readonly webhookId: number, readonly id: string, readonly deliveryId: number, readonly event: WebhookEvent, readonly scanId: number, readonly state: DeliveryState, readonly attempts: number, readonly createdAt: string, readonly lastAttemptAt: string | null, readonly lastStatus: number | null, readonly lastError: string | null, readonly nextAttemptAt: string | null }> } };

export type CreateHookMutationVariables = Exact<{
  input: CreateWebhookInput;
}>;


export type CreateHookMutation = { readonly createWebhook:
    | { readonly secret: string, readonly webhook: { readonly id: string } }
    | { readonly message: string }
   };

export type EnableHookMutationVariables = Exact<{
  webhookId: number;
  enabled: boolean;
}>;


export type EnableHookMutation = { readonly setWebhookEnabled:
    | { readonly webhook: { readonly id: string } }
    | { readonly message: string }
   };

export type DeleteHookMutationVariables = Exact<{
  webhookId: number;
}>;


export type DeleteHookMutation = { readonly deleteWebhook:
    | { readonly webhookId: number }
    | { readonly message: string }
   };

export type RedeliverMutationVariables = Exact<{
  deliveryId: number;
}>;


export type RedeliverMutation = { readonly redeliverWebhook:
    | { readonly delivery: { readonly id: string } }
    | { readonly message: string }
   };

export type DeliveryRowFragment = { readonly id: string, readonly deliveryId: number, readonly event: WebhookEvent, readonly scanId: number, readonly state: DeliveryState, readonly attempts: number, readonly createdAt: string, readonly lastAttemptAt: string | null, readonly lastStatus: number | null, readonly lastError: string | null, readonly nextAttemptAt: string | null };

export const ReadWebhooks = "query ReadWebhooks {\n  webhooks {\n    id\n    webhookId\n    url\n    events\n    enabled\n    createdAt\n    deliveries(first: 1, state: FAILED) {\n      nodes {\n        id\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<ReadWebhooksQuery, ReadWebhooksQueryVariables>;

export const ReadDeliveries = "query ReadDeliveries($id: ID!, $state: DeliveryState, $after: String) {\n  node(id: $id) {\n    ... on Webhook {\n      id\n      webhookId\n      url\n      enabled\n      deliveries(first: 50, state: $state, after: $after) {\n        nodes {\n          ...DeliveryRow\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n}\nfragment DeliveryRow on WebhookDelivery {\n  id\n  deliveryId\n  event\n  scanId\n  state\n  attempts\n  createdAt\n  lastAttemptAt\n  lastStatus\n  lastError\n  nextAttemptAt\n}" as unknown as TypedDocumentNode<ReadDeliveriesQuery, ReadDeliveriesQueryVariables>;

export const WatchDeliveries = "subscription WatchDeliveries {\n  webhookDeliveryChanged {\n    revision\n    deliveries {\n      webhookId\n      ...DeliveryRow\n    }\n  }\n}\nfragment DeliveryRow on WebhookDelivery {\n  id\n  deliveryId\n  event\n  scanId\n  state\n  attempts\n  createdAt\n  lastAttemptAt\n  lastStatus\n  lastError\n  nextAttemptAt\n}" as unknown as TypedDocumentNode<WatchDeliveriesSubscription, WatchDeliveriesSubscriptionVariables>;

export const CreateHook = "mutation CreateHook($input: CreateWebhookInput!) {\n  createWebhook(input: $input) {\n    ... on CreateWebhookSuccess {\n      secret\n      webhook {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CreateHookMutation, CreateHookMutationVariables>;

export const EnableHook = "mutation EnableHook($webhookId: SafeInt!, $enabled: Boolean!) {\n  setWebhookEnabled(webhookId: $webhookId, enabled: $enabled) {\n    ... on SetWebhookEnabledSuccess {\n      webhook {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<EnableHookMutation, EnableHookMutationVariables>;

export const DeleteHook = "mutation DeleteHook($webhookId: SafeInt!) {\n  deleteWebhook(webhookId: $webhookId) {\n    ... on DeleteWebhookSuccess {\n      webhookId\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<DeleteHookMutation, DeleteHookMutationVariables>;

export const Redeliver = "mutation Redeliver($deliveryId: SafeInt!) {\n  redeliverWebhook(deliveryId: $deliveryId) {\n    ... on RedeliverWebhookSuccess {\n      delivery {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RedeliverMutation, RedeliverMutationVariables>;
