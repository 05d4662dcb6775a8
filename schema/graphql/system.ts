import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { InternetClassName } from "./enums.js";

@ObjectType({ description: "Postgres, where the truth is.", simpleResolvers: true })
export class DatabaseState {
  @Field(() => String, { description: "The server's version." })
  serverVersion!: string;

  @Field(() => String, { description: "The last migration that was applied." })
  migration!: string;

  @Field(() => GraphQLSafeInt, { description: "Size of the database in bytes." })
  bytes!: number;

  @Field(() => GraphQLSafeInt, { description: "Scans: exactly up to 10,000, beyond as the planner estimates them." })
  scans!: number;

  @Field(() => GraphQLSafeInt, { description: "Samples: exactly up to 10,000, beyond as the planner estimates them." })
  samples!: number;
}

@ObjectType({ description: "One stream of the message bus.", simpleResolvers: true })
export class StreamState {
  @Field(() => String, { description: "SCANS, SAMPLES or RESULTS." })
  name!: string;

  @Field(() => GraphQLSafeInt, { description: "Messages that it holds." })
  messages!: number;

  @Field(() => GraphQLSafeInt, { description: "Their bytes." })
  bytes!: number;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "The most bytes it may hold; null: as much as the server has." })
  maxBytes!: number | null;
}

@ObjectType({ description: "One account of the message bus.", simpleResolvers: true })
export class BusAccount {
  @Field(() => InternetClassName, { description: "The class of the agents that it serves." })
  class!: InternetClass;

  @Field(() => Boolean, { description: "Whether this gateway reaches it." })
  connected!: boolean;

  @Field(() => String, { nullable: true, description: "The NATS server's version; null while it is away." })
  serverVersion!: string | null;

  @Field(() => [StreamState], { description: "Its streams; none while it is away." })
  streams!: readonly StreamState[];
}

@ObjectType({ description: "The gateway that answers, and the stores behind it. Agents are in `agents`.", simpleResolvers: true })
export class System {
  @Field(() => String, { description: "The gateway's version." })
  version!: string;

  @Field(() => String, { description: "The version of Node.js that it runs on." })
  nodeVersion!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it was started." })
  startedAt!: Date;

  @Field(() => DatabaseState, { description: "Postgres." })
  database!: DatabaseState;

  @Field(() => [BusAccount], { description: "NATS, by account." })
  accounts!: readonly BusAccount[];
}
