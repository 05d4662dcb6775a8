import { Field, Int, ObjectType } from "type-graphql";
import { Agent } from "./agent.js";
import { Engine } from "./engine.js";
import { Queue } from "./queue.js";

/** What the field `revision` of a change says. */
export const REVISION_TEXT =
  "Counts the changes that this gateway has seen: of two events of a subscription, the one with the higher revision is the newer one.";
/** What the field `snapshot` of a change says. */
export const SNAPSHOT_TEXT =
  "True for the first event, and again when changes came faster than they were read: the list is then complete. False: the list has only what is new or has changed.";

/** Lists of the fleet are as long as these; see the complexity of `agents` and `engines`. */
const TYPICAL = { agents: 20, engines: 25 };

@ObjectType({ description: "The agents, or those that have changed.", simpleResolvers: true })
export class AgentChange {
  @Field(() => Int, { description: REVISION_TEXT })
  revision!: number;

  @Field(() => Boolean, { description: SNAPSHOT_TEXT })
  snapshot!: boolean;

  @Field(() => [Agent], {
    description: "All online agents, or those that are new or have changed.",
    complexity: ({ childComplexity }) => 1 + TYPICAL.agents * childComplexity,
  })
  agents!: readonly Agent[];

  @Field(() => [Agent], { description: "Agents that have gone offline, as they last announced themselves." })
  gone!: readonly Agent[];
}

@ObjectType({ description: "The catalogue of engines, or the engines that have changed.", simpleResolvers: true })
export class EngineChange {
  @Field(() => Int, { description: REVISION_TEXT })
  revision!: number;

  @Field(() => Boolean, { description: SNAPSHOT_TEXT })
  snapshot!: boolean;

  @Field(() => [Engine], {
    description: "All engines, or those that are new or have changed. A newer `lastHealthyAt` alone does not count as a change.",
    complexity: ({ childComplexity }) => 1 + TYPICAL.engines * childComplexity,
  })
  engines!: readonly Engine[];

  @Field(() => [Engine], { description: "Engines that were removed from the catalogue." })
  gone!: readonly Engine[];
}

@ObjectType({ description: "The queues, or those that have changed.", simpleResolvers: true })
export class QueueChange {
  @Field(() => Int, { description: REVISION_TEXT })
  revision!: number;

  @Field(() => Boolean, { description: SNAPSHOT_TEXT })
  snapshot!: boolean;

  @Field(() => [Queue], {
    description: "The queues of all engines, or those that are new or have changed.",
    complexity: ({ childComplexity }) => 1 + TYPICAL.engines * childComplexity,
  })
  queues!: readonly Queue[];

  @Field(() => [Queue], { description: "Queues of engines that were removed from the catalogue." })
  gone!: readonly Queue[];
}
