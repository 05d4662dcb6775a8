import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, ID, Int, ObjectType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { InternetClassName } from "./classes.js";

/** Gateways that the cost of this list is reckoned with. */
const TYPICAL_GATEWAYS = 5;

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
  @Field(() => String, { description: "SCANS, SAMPLES, RESULTS, or KV_AGENTS, which holds what agents say of themselves." })
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

@ObjectType({ description: "A gateway of the mesh, as it says of itself every few seconds.", simpleResolvers: true })
export class GatewayInstance {
  @Field(() => ID, { description: "Made anew at each start." })
  gatewayId!: string;

  @Field(() => String, { description: "The host that it runs on." })
  host!: string;

  @Field(() => String, { description: "Its version." })
  version!: string;

  @Field(() => String, { description: "The version of Node.js that it runs on." })
  nodeVersion!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it was started." })
  startedAt!: Date;

  @Field(() => GraphQLDateTimeISO, { description: "When it last said that it is there, by Postgres's clock." })
  lastSeenAt!: Date;

  @Field(() => Boolean, { description: "Whether it was connected to NATS then." })
  natsConnected!: boolean;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: "Free bytes on the disk that it runs from; null where the system does not tell.",
  })
  diskFree!: number | null;

  @Field(() => GraphQLSafeInt, { description: "Bytes of memory that it takes." })
  memoryBytes!: number;
}

@ObjectType({ description: "Requests that are accepted and wait to be published.", simpleResolvers: true })
export class OutboxState {
  @Field(() => Int, { description: "Requests that no gateway has published in time, counted up to 10,000." })
  unpublished!: number;

  @Field(() => Int, {
    description: "Requests of BULK scans that wait until engines have little else to do, counted up to 10,000.",
  })
  held!: number;

  @Field(() => GraphQLDateTimeISO, {
    nullable: true,
    description: "When the oldest unpublished request was due; null if there is none.",
  })
  oldest!: Date | null;
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

  @Field(() => [GatewayInstance], {
    description:
      "Every gateway that is there, this one too, the one that runs longest first. One that was killed disappears within a minute.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_GATEWAYS * childComplexity,
  })
  gateways!: readonly GatewayInstance[];

  @Field(() => OutboxState, { description: "The backlog of accepted requests in Postgres." })
  outbox!: OutboxState;
}

@ObjectType({ description: "Whether the gateway that answers can serve.", simpleResolvers: true })
export class Readiness {
  @Field(() => Boolean, { description: "Whether it serves. What cannot be sent while NATS is away can still be read." })
  ready!: boolean;

  @Field(() => String, { nullable: true, description: "Why it cannot serve all of it now; null while all is well." })
  reason!: string | null;
}
