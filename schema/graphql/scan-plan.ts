import { GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, InputType, Int, ObjectType } from "type-graphql";
import { Engine } from "./engine.js";
import { Priority } from "./enums.js";
import { EngineChoiceInput } from "./scan-options.js";
import { SkippedEngine } from "./scan.js";

/** A request that is not made. */
@InputType({ description: "A scan that is not made. Without `sha256` and `mime` the sample is taken to be of no known type." })
export class PlanScanInput extends EngineChoiceInput {
  @Field(() => String, { nullable: true, description: "The sha256 of a sample that the mesh knows." })
  sha256?: string | null;

  @Field(() => String, { nullable: true, description: "The sample's MIME type, instead of `sha256`." })
  mime?: string | null;

  @Field(() => Priority, { defaultValue: Priority.NORMAL, description: "Whether other scans go first." })
  priority!: Priority;
}

@ObjectType({ description: "An engine that would take part.", simpleResolvers: true })
export class PlannedEngine {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => Int, { description: "Agents that are there and run it. None: the scan would wait for one until its deadline." })
  agents!: number;

  @Field(() => Int, { description: "Samples that these scan at once." })
  slots!: number;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: "The scan whose result would be taken over; null: the engine would run.",
  })
  reusedFrom!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Milliseconds until it would begin, by what waits and what the last two hours took; null if no agent runs it or nothing was measured.",
  })
  estimatedWaitMs!: number | null;
}

@ObjectType({ description: "What would come of a request.", simpleResolvers: true })
export class ScanPlan {
  @Field(() => Boolean, { description: "Whether it would be accepted: not while agents are missing and no engine is left." })
  acceptable!: boolean;

  @Field(() => [PlannedEngine], {
    description: "Engines that would take part, in the order of their names.",
    complexity: ({ childComplexity }) => 1 + 25 * childComplexity,
  })
  engines!: readonly PlannedEngine[];

  @Field(() => [SkippedEngine], {
    description: "Engines that would not, with the reasons.",
    complexity: ({ childComplexity }) => 1 + 10 * childComplexity,
  })
  skipped!: readonly SkippedEngine[];

  @Field(() => Float, {
    nullable: true,
    description: "Milliseconds until the last engine would begin; null if that is not known of every engine.",
  })
  estimatedWaitMs!: number | null;
}
