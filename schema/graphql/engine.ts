import { GraphQLDateTimeISO } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { EngineVersions } from "./engine-versions.js";
import { EngineInput, EngineSpeed, PluginType } from "./enums.js";
import { Node } from "./node.js";

@ObjectType({ implements: Node, description: "An engine of the mesh's catalogue.", simpleResolvers: true })
export class Engine extends Node {
  @Field(() => String, { description: "Its name, unique without regard to case." })
  name!: string;

  @Field(() => PluginType, { description: "What kind of answer it gives." })
  type!: PluginType;

  @Field(() => EngineSpeed, { description: "Its speed class." })
  speed!: EngineSpeed;

  @Field(() => Boolean, { description: "Whether it can reach the internet while it scans." })
  internet!: boolean;

  @Field(() => EngineInput, { description: "What it is given of a sample." })
  input!: "file" | "hash";

  @Field(() => [String], { nullable: true, description: "The MIME types it takes; null: all." })
  accepts!: readonly string[] | null;

  @Field(() => Boolean, { description: "Whether an operator lets it take part in scans." })
  enabled!: boolean;

  @Field(() => Boolean, { description: "Whether an agent announced it as healthy within the last 10 minutes." })
  available!: boolean;

  @Field(() => EngineVersions, { description: "The versions announced last." })
  versions!: EngineVersions;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When an agent last announced it as healthy." })
  lastHealthyAt!: Date | null;
}
