import { Resolver, Root, Subscription } from "type-graphql";
import type { Presence } from "../../../schema/messages.js";
import type { EngineRecord, QueueRecord } from "../../../schema/reports.js";
import { AgentChange, EngineChange, QueueChange } from "../../../schema/graphql/fleet-changes.js";
import type { ListChange } from "../../watch/list-watch.js";

import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

type Subscribing = { readonly context: RequestContext };

@Resolver()
export class FleetUpdates {
  @Needs("scan:read")
  @Subscription(() => AgentChange, {
    description: "The agents that are there, then each change: who comes, changes or is gone.",
    subscribe: ({ context }: Subscribing) => context.mesh.fleetWatches.agents.watch(),
  })
  agentChanged(@Root() { items, ...event }: ListChange<Presence>) {
    return { ...event, agents: items };
  }

  @Needs("scan:read")
  @Subscription(() => EngineChange, {
    description: "The catalogue of engines, then each change of it.",
    subscribe: ({ context }: Subscribing) => context.mesh.fleetWatches.engines.watch(),
  })
  engineChanged(@Root() { items, ...event }: ListChange<EngineRecord>) {
    return { ...event, engines: items };
  }

  @Needs("scan:read")
  @Subscription(() => QueueChange, {
    description: "What waits for each engine, then each change of it, looked at about once a second.",
    subscribe: ({ context }: Subscribing) => context.mesh.fleetWatches.queues.watch(),
  })
  queueChanged(@Root() { items, ...event }: ListChange<QueueRecord>) {
    return { ...event, queues: items };
  }
}
