import { GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, Int, ObjectType } from "type-graphql";
import { Engine } from "./engine.js";

@ObjectType({ description: "What waits for one engine, and who works on it.", simpleResolvers: true })
export class Queue {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => GraphQLSafeInt, {
    description: "Requests for it that no agent was handed yet.",
  })
  waiting!: number;

  @Field(() => GraphQLSafeInt, { description: "Requests that agents hold now." })
  running!: number;

  @Field(() => GraphQLSafeInt, { description: "Of these, the ones that were handed out before." })
  redelivered!: number;

  @Field(() => GraphQLSafeInt, { description: "Requests given up after five deliveries, in the last 24 hours." })
  dead!: number;

  @Field(() => Int, { description: "Agents that are there and run it." })
  agents!: number;

  @Field(() => Int, { description: "Samples that these scan at once." })
  slots!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      "Milliseconds until a request accepted now is begun, by what is waiting and what the last two hours took; null if no agent runs it or nothing was measured.",
  })
  estimatedWaitMs!: number | null;
}
