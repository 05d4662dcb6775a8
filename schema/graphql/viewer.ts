import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, ID, Int, ObjectType } from "type-graphql";
import type { Scope } from "../scopes.js";
import { ScopeName } from "./api-key.js";

@ObjectType({ description: "How much the caller may ask for.", simpleResolvers: true })
export class ViewerLimits {
  @Field(() => GraphQLSafeInt, { description: "Bytes of the largest sample." })
  sampleBytes!: number;

  @Field(() => Int, { description: "Bytes of the largest sample that an operation may carry as `base64`, decoded." })
  base64Bytes!: number;

  @Field(() => Int, { description: "Samples that `submitScans` takes at once." })
  batchSamples!: number;

  @Field(() => Int, { description: "Entries of the longest page of a list." })
  pageLength!: number;

  @Field(() => Int, { description: "Seconds of the longest deadline." })
  deadlineSeconds!: number;

  @Field(() => Int, { description: "Subscriptions that may be open at once." })
  subscriptions!: number;

  @Field(() => Float, { nullable: true, description: "Requests a second that each gateway lets through; null: no limit." })
  rate!: number | null;

  @Field(() => Int, { nullable: true, description: "Scans a day, by UTC, on all gateways together; null: no limit." })
  dailyScans!: number | null;

  @Field(() => Int, { nullable: true, description: "Scans submitted with the key today; null for a key without a daily limit." })
  scansToday!: number | null;
}

@ObjectType({ description: "Who asks, and what the caller may do here.", simpleResolvers: true })
export class Viewer {
  @Field(() => Boolean, { description: "Whether the mesh asks for API keys. Without keys every caller may do everything." })
  authRequired!: boolean;

  @Field(() => ID, { nullable: true, description: "The public part of the API key; null if the mesh asks for none." })
  keyId!: string | null;

  @Field(() => String, { nullable: true, description: "What the key is for, or who uses it; null if the mesh asks for none." })
  keyName!: string | null;

  @Field(() => [ScopeName], { description: "What the caller may do; ADMIN covers every other scope." })
  scopes!: readonly Scope[];

  @Field(() => ViewerLimits, { description: "How much the caller may ask for." })
  limits!: ViewerLimits;

  @Field(() => GraphQLDateTimeISO, { description: "The gateway's time: ages count from it, not from the client's clock." })
  serverTime!: Date;

  @Field(() => String, { description: "The gateway's version." })
  version!: string;
}
