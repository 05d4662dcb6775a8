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

/** What to set of an engine of an agent, as a whole: what is left out or null is the host's own again. */
export type EngineSettingsInput = {
  /** Processors of its container, at least 0.05. */
  readonly cpus?: number | null | undefined;
  /** False: it does not run there. True: it does, unless the host's own settings leave it out. */
  readonly enabled?: boolean | null | undefined;
  /** The engine's name. */
  readonly engine: string;
  /** Bytes of memory of its container or its program, at least 16777216. */
  readonly memory?: number | null | undefined;
  /** How many samples it scans at once: 1 to 256. */
  readonly slots?: number | null | undefined;
  /** The longest it may work on one sample, in milliseconds: 100 to 3600000. */
  readonly timeoutMs?: number | null | undefined;
};

/** Whether engines can reach the internet while they scan. */
export type InternetClass =
  /** They can; only scans that allow it are sent to them. */
  | 'INTERNET'
  /** They cannot; samples stay in the mesh. */
  | 'ISOLATED';

/** How far a rolling restart is. */
export type RollingRestartState =
  /** All of them are back. */
  | 'DONE'
  /** One has not come back, and those after it were left alone: `problem` says more. */
  | 'FAILED'
  /** Agents are being restarted. */
  | 'RUNNING'
  /** Somebody has stopped it. */
  | 'STOPPED';

export type WatchAgentsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchAgentsSubscription = { readonly agentChanged: { readonly revision: number, readonly snapshot: boolean, readonly agents: ReadonlyArray<{ readonly id: string, readonly agent: string, readonly host: string, readonly version: string, readonly class: InternetClass, readonly state: AgentState, readonly startedAt: string, readonly largestSample: number | null, readonly proofs: ReadonlyArray<string>, readonly off: ReadonlyArray<string> | null, readonly machine: { readonly cores: number, readonly memory: number } | null, readonly engines: ReadonlyArray<{ readonly name: string, readonly slots: number, readonly busy: number, readonly healthy: boolean, readonly reason: string | null, readonly warnings: ReadonlyArray<string>, readonly limits: { readonly slots: number, readonly timeoutMs: number, readonly memory: number | null, readonly cpus: number | null } | null, readonly own: { readonly slots: number, readonly timeoutMs: number, readonly memory: number | null, readonly cpus: number | null } | null }> }>, readonly gone: ReadonlyArray<{ readonly agent: string }> } };

export type WatchSwitchesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchSwitchesSubscription = { readonly engineChanged: { readonly snapshot: boolean, readonly engines: ReadonlyArray<{ readonly name: string, readonly enabled: boolean }>, readonly gone: ReadonlyArray<{ readonly name: string }> } };

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

export type WatchHeartbeatsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchHeartbeatsSubscription = { readonly agentChanged: { readonly snapshot: boolean, readonly agents: ReadonlyArray<{ readonly agent: string, readonly lastHeardAt: string }>, readonly gone: ReadonlyArray<{ readonly agent: string }> } };

export type WatchGoneAgentsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchGoneAgentsSubscription = { readonly goneAgentsUpdated: ReadonlyArray<{ readonly agent: string, readonly host: string, readonly version: string, readonly class: InternetClass, readonly lastHeardAt: string, readonly engines: ReadonlyArray<string> }> };

export type RemoveAgentMutationVariables = Exact<{
  agent: string;
}>;


export type RemoveAgentMutation = { readonly removeAgent:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | Record<PropertyKey, never>
   };

export type WatchSettingsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchSettingsSubscription = { readonly agentSettingsUpdated: ReadonlyArray<{ readonly agent: string, readonly applied: boolean, readonly problems: ReadonlyArray<string>, readonly windowFrom: number | null, readonly windowTo: number | null, readonly engines: ReadonlyArray<{ readonly engine: string, readonly enabled: boolean | null, readonly slots: number | null, readonly timeoutMs: number | null, readonly memory: number | null, readonly cpus: number | null }> }> };

export type UpdateSettingsMutationVariables = Exact<{
  agent: string;
  engines: ReadonlyArray<EngineSettingsInput> | EngineSettingsInput;
}>;


export type UpdateSettingsMutation = { readonly updateAgentSettings:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly agentSettings: { readonly agent: string } }
   };

export type SetWindowMutationVariables = Exact<{
  agent: string;
  windowFrom?: number | null | undefined;
  windowTo?: number | null | undefined;
}>;


export type SetWindowMutation = { readonly setAgentUpdateWindow:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly agentSettings: { readonly agent: string } }
   };

export type WatchRestartSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WatchRestartSubscription = { readonly rollingRestartUpdated: { readonly id: string, readonly agents: ReadonlyArray<string>, readonly done: number, readonly state: RollingRestartState, readonly problem: string | null, readonly startedAt: string, readonly endedAt: string | null } | null };

export type RestartAgentsMutationVariables = Exact<{
  agents?: ReadonlyArray<string> | string | null | undefined;
}>;


export type RestartAgentsMutation = { readonly restartAgents:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly rollingRestart: { readonly id: string } }
   };

export type StopRestartMutationVariables = Exact<{ [key: string]: never; }>;


export type StopRestartMutation = { readonly stopRestart:
    | { readonly message: string }
    | { readonly message: string }
    | { readonly message: string }
    | { readonly rollingRestart: { readonly id: string } }
   };

export const WatchAgents = "subscription WatchAgents {\n  agentChanged {\n    revision\n    snapshot\n    agents {\n      id\n      agent\n      host\n      version\n      class\n      state\n      startedAt\n      largestSample\n      proofs\n      machine {\n        cores\n        memory\n      }\n      off\n      engines {\n        name\n        slots\n        busy\n        healthy\n        reason\n        warnings\n        limits {\n          slots\n          timeoutMs\n          memory\n          cpus\n        }\n        own {\n          slots\n          timeoutMs\n          memory\n          cpus\n        }\n      }\n    }\n    gone {\n      agent\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchAgentsSubscription, WatchAgentsSubscriptionVariables>;

export const WatchSwitches = "subscription WatchSwitches {\n  engineChanged {\n    snapshot\n    engines {\n      name\n      enabled\n    }\n    gone {\n      name\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchSwitchesSubscription, WatchSwitchesSubscriptionVariables>;

export const WatchQueues = "subscription WatchQueues {\n  queueChanged {\n    revision\n    snapshot\n    queues {\n      waiting\n      running\n      slots\n      agents\n      dead\n      redelivered\n      estimatedWaitMs\n      engine {\n        name\n      }\n    }\n    gone {\n      engine {\n        name\n      }\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchQueuesSubscription, WatchQueuesSubscriptionVariables>;

export const CordonAgent = "mutation CordonAgent($agent: String!) {\n  cordonAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<CordonAgentMutation, CordonAgentMutationVariables>;

export const DrainAgent = "mutation DrainAgent($agent: String!) {\n  drainAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<DrainAgentMutation, DrainAgentMutationVariables>;

export const ResumeAgent = "mutation ResumeAgent($agent: String!) {\n  resumeAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<ResumeAgentMutation, ResumeAgentMutationVariables>;

export const WatchHeartbeats = "subscription WatchHeartbeats {\n  agentChanged(heartbeats: true) {\n    snapshot\n    agents {\n      agent\n      lastHeardAt\n    }\n    gone {\n      agent\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchHeartbeatsSubscription, WatchHeartbeatsSubscriptionVariables>;

export const WatchGoneAgents = "subscription WatchGoneAgents {\n  goneAgentsUpdated {\n    agent\n    host\n    version\n    class\n    lastHeardAt\n    engines\n  }\n}" as unknown as TypedDocumentNode<WatchGoneAgentsSubscription, WatchGoneAgentsSubscriptionVariables>;

export const RemoveAgent = "mutation RemoveAgent($agent: String!) {\n  removeAgent(agent: $agent) {\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RemoveAgentMutation, RemoveAgentMutationVariables>;

export const WatchSettings = "subscription WatchSettings {\n  agentSettingsUpdated {\n    agent\n    applied\n    problems\n    windowFrom\n    windowTo\n    engines {\n      engine\n      enabled\n      slots\n      timeoutMs\n      memory\n      cpus\n    }\n  }\n}" as unknown as TypedDocumentNode<WatchSettingsSubscription, WatchSettingsSubscriptionVariables>;

export const UpdateSettings = "mutation UpdateSettings($agent: String!, $engines: [EngineSettingsInput!]!) {\n  updateAgentSettings(agent: $agent, engines: $engines) {\n    ... on UpdateAgentSettingsSuccess {\n      agentSettings {\n        agent\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<UpdateSettingsMutation, UpdateSettingsMutationVariables>;

export const SetWindow = "mutation SetWindow($agent: String!, $windowFrom: Int, $windowTo: Int) {\n  setAgentUpdateWindow(\n    agent: $agent\n    windowFrom: $windowFrom\n    windowTo: $windowTo\n  ) {\n    ... on UpdateAgentSettingsSuccess {\n      agentSettings {\n        agent\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<SetWindowMutation, SetWindowMutationVariables>;

export const WatchRestart = "subscription WatchRestart {\n  rollingRestartUpdated {\n    id\n    agents\n    done\n    state\n    problem\n    startedAt\n    endedAt\n  }\n}" as unknown as TypedDocumentNode<WatchRestartSubscription, WatchRestartSubscriptionVariables>;

export const RestartAgents = "mutation RestartAgents($agents: [String!]) {\n  restartAgents(agents: $agents) {\n    ... on RollingRestartSuccess {\n      rollingRestart {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<RestartAgentsMutation, RestartAgentsMutationVariables>;

export const StopRestart = "mutation StopRestart {\n  stopRestart {\n    ... on RollingRestartSuccess {\n      rollingRestart {\n        id\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}" as unknown as TypedDocumentNode<StopRestartMutation, StopRestartMutationVariables>;
