import { Ctx, Query, Resolver, Root, Subscription } from "type-graphql";
import { QueueChange } from "../../../schema/graphql/fleet-changes.js";
import { Queue } from "../../../schema/graphql/queue.js";
import type { QueueRecord } from "../../../schema/reports.js";
import { readQueues } from "../../scan/queues.js";
import type { ListChange } from "../../watch/list-watch.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";
import { listCost, TYPICAL } from "../limits/list-cost.js";

@Resolver(() => Queue)
export class QueueResolver {
  @Needs("scan:read")
  @Query(() => [Queue], {
    description: "The queue of each engine in the catalogue, by engine name.",
    complexity: listCost(TYPICAL.engines),
  })
  queues(@Ctx() { mesh }: RequestContext): Promise<QueueRecord[]> {
    return readQueues(mesh);
  }

  @Needs("scan:read")
  @Subscription(() => QueueChange, {
    description: "The queue of each engine, then each change, checked about once a second.",
    subscribe: ({ context }: { context: RequestContext }) => context.mesh.fleetWatches.queues.watch(),
  })
  queueChanged(@Root() { items, ...event }: ListChange<QueueRecord>) {
    return { ...event, queues: items };
  }
}
