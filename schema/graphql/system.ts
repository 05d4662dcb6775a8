import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { InternetClassName } from "./enums.js";

@ObjectType({ description: "Postgres, which holds all state.", simpleResolvers: true })
export class DatabaseState {
  @Field(() => String, { description: "The server's version." })
  serverVersion!: string;

  @Field(() => String, { description: "The last migration that was applied." })
  migration!: string;

  @Field(() => GraphQLSafeInt, { description: "Size of the database in bytes." })
  bytes!: number;

  @Field(() => GraphQLSafeInt, { description: "Scans: counted up to 10,000, estimated beyond." })
  scans!: number;

  @Field(() => GraphQLSafeInt, { description: "Samples: counted up to 10,000, estimated beyond." })
  samples!: number;
}

@ObjectType({ description: "One stream of the message bus.", simpleResolvers: true })
export class StreamState {
  @Field(() => String, { description: "SCANS, SAMPLES or RESULTS." })
  name!: string;

  @Field(() => GraphQLSafeInt, { description: "Stored messages." })
  messages!: number;

  @Field(() => GraphQLSafeInt, { description: "Bytes of these messages." })
  bytes!: number;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "Its limit in bytes; null: the limit of the server." })
  maxBytes!: number | null;
}

@ObjectType({ description: "One account of the message bus.", simpleResolvers: true })
export class BusAccount {
  @Field(() => InternetClassName, { description: "The class of the agents that it serves." })
  class!: InternetClass;

  @Field(() => Boolean, { description: "Whether this gateway is connected to it." })
  connected!: boolean;

  @Field(() => String, { nullable: true, description: "The version of the NATS server; null while it is not connected." })
  serverVersion!: string | null;

  @Field(() => [StreamState], { description: "Its streams; empty while it is not connected." })
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
