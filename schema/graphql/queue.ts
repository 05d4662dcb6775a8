import { GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, Int, ObjectType } from "type-graphql";
import { Engine } from "./engine.js";

@ObjectType({ description: "The queue of one engine.", simpleResolvers: true })
export class Queue {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => Boolean, {
    description:
      "Whether NATS answered. If not, `waiting` counts every request of open scans that is out, those that agents hold or have answered too, and `running` and `redelivered` are 0.",
  })
  complete!: boolean;

  @Field(() => GraphQLSafeInt, {
    description: "Requests that no agent has taken yet.",
  })
  waiting!: number;

  @Field(() => GraphQLSafeInt, { description: "Requests that agents hold now." })
  running!: number;

  @Field(() => GraphQLSafeInt, { description: "Of these, requests that were delivered before." })
  redelivered!: number;

  @Field(() => GraphQLSafeInt, { description: "Requests that were given up after five deliveries in the last 24 hours." })
  dead!: number;

  @Field(() => Int, { description: "Online agents that run it." })
  agents!: number;

  @Field(() => Int, { description: "Samples that these agents scan at once." })
  slots!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      "Estimated milliseconds until a request accepted now would start, from the queue and the durations of the last two hours; null if no agent runs it or nothing was measured.",
  })
  estimatedWaitMs!: number | null;
}
