import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Int, ObjectType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { EngineLimits } from "./agent-settings.js";
import { ContainerImage } from "./container-image.js";
import { EngineVersions } from "./engine-versions.js";
import { AgentState } from "./states.js";
import { EngineInput, EngineSpeed, InternetClassName, PluginType } from "./classes.js";
import { Node } from "./node.js";

@ObjectType({ description: "An engine on one agent.", simpleResolvers: true })
export class AgentEngine {
  @Field(() => String, { description: "The engine's name." })
  name!: string;

  @Field(() => PluginType, { description: "The kind of engine." })
  type!: PluginType;

  @Field(() => EngineSpeed, { description: "Its speed class as this agent announces it." })
  speed!: EngineSpeed;

  @Field(() => Boolean, { description: "Whether it can reach the internet while it scans." })
  internet!: boolean;

  @Field(() => EngineInput, { description: "What it gets of a sample." })
  input!: "file" | "hash";

  @Field(() => [String], { nullable: true, description: "The MIME types it accepts; null: all." })
  accepts!: readonly string[] | null;

  @Field(() => EngineVersions, { description: "The versions on this agent." })
  versions!: EngineVersions;

  @Field(() => ContainerImage, { nullable: true, description: "The image it runs in; null for an engine that is no container." })
  image!: ContainerImage | null;

  @Field(() => Int, { description: "How many samples it scans at once here." })
  slots!: number;

  @Field(() => Int, { description: "How many of its slots are in use." })
  busy!: number;

  @Field(() => String, { description: "How it is run and isolated." })
  runner!: string;

  @Field(() => Boolean, { description: "Whether it takes work." })
  healthy!: boolean;

  @Field(() => Boolean, {
    description: "It is an antivirus engine, and its signatures here are older than its manifest allows (7 days by default).",
  })
  stale!: boolean;

  @Field(() => String, { nullable: true, description: "Why it is unhealthy; null when it is healthy." })
  reason!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When its last self-test ended; null before the first." })
  testedAt!: string | null;

  @Field(() => [String], {
    description: "What the operator should put right although the engine works, such as rule files that do not compile.",
  })
  warnings!: readonly string[];

  @Field(() => EngineLimits, { nullable: true, description: "How much it may use here; null if the agent does not say." })
  limits?: EngineLimits;

  @Field(() => EngineLimits, {
    nullable: true,
    description:
      "How much it may use by its host's own settings, where `updateAgentSettings` sets nothing; null if the agent does not say.",
  })
  own?: EngineLimits;
}

@ObjectType({ description: "What a host has.", simpleResolvers: true })
export class HostMachine {
  @Field(() => Int, { description: "Processors." })
  cores!: number;

  @Field(() => GraphQLSafeInt, { description: "Bytes of memory." })
  memory!: number;
}

@ObjectType({
  implements: Node,
  description: "A process on a host that runs engines of one internet class.",
  simpleResolvers: true,
})
export class Agent extends Node {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => String, { description: "The host it runs on." })
  host!: string;

  @Field(() => String, { description: "The agent's version." })
  version!: string;

  @Field(() => InternetClassName, { description: "Whether its engines can reach the internet." })
  class!: InternetClass;

  @Field(() => GraphQLDateTimeISO, { description: "When it was started." })
  startedAt!: string;

  @Field(() => GraphQLDateTimeISO, {
    description:
      "When it last gave a sign of life. A newer time alone counts as a change in `agentChanged` only with `heartbeats`.",
  })
  lastHeardAt!: Date;

  @Field(() => AgentState, { description: "Whether it takes work." })
  state!: keyof typeof AgentState;

  @Field(() => [String], { description: "What it has verified about the isolation of its engines since it started." })
  proofs!: readonly string[];

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: "Bytes of the largest sample that its disk has room for; null if the agent does not say.",
  })
  largestSample?: number;

  @Field(() => HostMachine, { nullable: true, description: "What its host has; null if the agent does not say." })
  machine?: HostMachine;

  @Field(() => [String], {
    nullable: true,
    description: "Engines that its manifests describe and that are off there; null if it does not say.",
  })
  off?: readonly string[];

  @Field(() => [AgentEngine], { description: "The engines it has, healthy or not." })
  engines!: readonly AgentEngine[];
}

@ObjectType({ description: "An agent that is not online any more, as it was last heard.", simpleResolvers: true })
export class GoneAgent {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => String, { description: "The host it ran on." })
  host!: string;

  @Field(() => String, { description: "The agent's version." })
  version!: string;

  @Field(() => InternetClassName, { description: "Whether its engines could reach the internet." })
  class!: InternetClass;

  @Field(() => GraphQLDateTimeISO, { description: "When it was started." })
  startedAt!: Date;

  @Field(() => GraphQLDateTimeISO, { description: "When it last gave a sign of life, to the minute." })
  lastHeardAt!: Date;

  @Field(() => [String], { description: "The names of the engines that it had." })
  engines!: readonly string[];
}
