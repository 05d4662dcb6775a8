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

export type WatchSystemSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchSystemSubscription = { readonly systemUpdated: { readonly version: string, readonly nodeVersion: string, readonly startedAt: string, readonly database: { readonly serverVersion: string, readonly migration: string, readonly bytes: number, readonly samples: number, readonly scans: number }, readonly outbox: { readonly unpublished: number, readonly held: number, readonly oldest: string | null }, readonly accounts: ReadonlyArray<{ readonly class: InternetClass, readonly connected: boolean, readonly serverVersion: string | null, readonly streams: ReadonlyArray<{ readonly name: string, readonly messages: number, readonly bytes: number, readonly maxBytes: number | null }> }>, readonly gateways: ReadonlyArray<{ readonly gatewayId: string, readonly host: string, readonly version: string, readonly nodeVersion: string, readonly startedAt: string, readonly lastSeenAt: string, readonly natsConnected: boolean, readonly diskFree: number | null, readonly memoryBytes: number }> } };

export type WatchStatusAgentsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchStatusAgentsSubscription = { readonly agentChanged: { readonly snapshot: boolean, readonly agents: ReadonlyArray<{ readonly agent: string, readonly host: string, readonly class: InternetClass, readonly state: AgentState, readonly version: string, readonly startedAt: string }>, readonly gone: ReadonlyArray<{ readonly agent: string }> } };

export const WatchSystem = "subscription WatchSystem {\n  systemUpdated {\n    version\n    nodeVersion\n    startedAt\n    database {\n      serverVersion\n      migration\n      bytes\n      samples\n      scans\n    }\n    outbox {\n      unpublished\n      held\n      oldest\n    }\n    accounts {\n      class\n      connected\n      serverVersion\n      streams {\n        name\n        messages\n        bytes\n        maxBytes\n      }\n    }\n    gateways {\n      gatewayId\n      host\n      version\n      nodeVersion\n      startedAt\n      lastSeenAt\n      natsConnected\n      diskFree\n      memoryBytes\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchSystemSubscription, WatchSystemSubscriptionVariables>;

export const WatchStatusAgents = "subscription WatchStatusAgents {\n  agentChanged {\n    snapshot\n    agents {\n      agent\n      host\n      class\n      state\n      version\n      startedAt\n    }\n    gone {\n      agent\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchStatusAgentsSubscription, WatchStatusAgentsSubscriptionVariables>;
