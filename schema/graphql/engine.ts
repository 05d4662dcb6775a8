import { GraphQLDateTimeISO } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { EngineVersions } from "./engine-versions.js";
import { EngineInput, EngineSpeed, PluginType } from "./classes.js";
import { Node } from "./node.js";

@ObjectType({ implements: Node, description: "An engine in the catalogue of the mesh.", simpleResolvers: true })
export class Engine extends Node {
  @Field(() => String, { description: "Its name, unique regardless of case." })
  name!: string;

  @Field(() => PluginType, { description: "The kind of engine." })
  type!: PluginType;

  @Field(() => EngineSpeed, { description: "Its speed class." })
  speed!: EngineSpeed;

  @Field(() => Boolean, { description: "Whether it can reach the internet while it scans." })
  internet!: boolean;

  @Field(() => EngineInput, { description: "What it gets of a sample." })
  input!: "file" | "hash";

  @Field(() => [String], { nullable: true, description: "The MIME types it accepts; null: all." })
  accepts!: readonly string[] | null;

  @Field(() => Boolean, { description: "Whether it is enabled for scans." })
  enabled!: boolean;

  @Field(() => Boolean, {
    description:
      "Whether an agent announced it as healthy within the last 10 minutes and has not taken it away since; of an engine that has given no result yet, whether such an agent is there.",
  })
  available!: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      "Why scans that are accepted now do not ask it, in a sentence for people: the reason that its agents give, or that none has it; null while they ask it.",
  })
  reason!: string | null;

  @Field(() => EngineVersions, { description: "The last announced versions." })
  versions!: EngineVersions;

  @Field(() => Boolean, {
    description: "It is an antivirus engine, and its signatures are older than its manifest allows (7 days by default).",
  })
  stale!: boolean;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When an agent last announced it as healthy." })
  lastHealthyAt!: Date | null;
}
