import { Ctx, Query, Resolver } from "type-graphql";
import { Queue } from "../../../schema/graphql/queue.js";
import type { QueueRecord } from "../../../schema/reports.js";
import { readQueues } from "../../scan/queues.js";
import type { RequestContext } from "../context/request-context.js";
import { Needs } from "../context/scopes.js";

/** Engines that the cost of their queues is reckoned with. */
const TYPICAL_ENGINES = 25;

@Resolver(() => Queue)
export class QueueResolver {
  @Needs("scan:read")
  @Query(() => [Queue], {
    description: "What waits for each engine of the catalogue, in the order of their names.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_ENGINES * childComplexity,
  })
  queues(@Ctx() { mesh }: RequestContext): Promise<QueueRecord[]> {
    return readQueues(mesh);
  }
}
