import { GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, InputType, Int, ObjectType } from "type-graphql";
import { Engine } from "./engine.js";
import { Priority } from "./classes.js";
import { EngineChoiceInput } from "./scan-options.js";
import { SkippedEngine } from "./scan.js";

/** A request that is not made. */
@InputType({ description: "A scan to plan; none is made. Without `sha256` and `mime` the type of the sample counts as unknown." })
export class PlanScanInput extends EngineChoiceInput {
  @Field(() => String, { nullable: true, description: "The sha256 of a sample that the mesh knows." })
  sha256?: string | null;

  @Field(() => String, { nullable: true, description: "The sample's MIME type, instead of `sha256`." })
  mime?: string | null;

  @Field(() => Priority, { defaultValue: Priority.NORMAL, description: "Whether other scans run first." })
  priority!: Priority;
}

@ObjectType({ description: "An engine that would take part.", simpleResolvers: true })
export class PlannedEngine {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => Int, { description: "Online agents that run it. With none the scan waits for one until its deadline." })
  agents!: number;

  @Field(() => Int, { description: "Samples that these agents scan at once." })
  slots!: number;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: "The scan whose result would be reused; null: the engine would run.",
  })
  reusedFrom!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Estimated milliseconds until it would start, from the queue and the durations of the last two hours; null if no agent runs it or nothing was measured.",
  })
  estimatedWaitMs!: number | null;
}

@ObjectType({ description: "The plan of a scan.", simpleResolvers: true })
export class ScanPlan {
  @Field(() => Boolean, { description: "Whether it would be accepted; it is not while no eligible engine is available." })
  acceptable!: boolean;

  @Field(() => [PlannedEngine], {
    description: "Engines that would take part, in the order of their names.",
    complexity: ({ childComplexity }) => 1 + 25 * childComplexity,
  })
  engines!: readonly PlannedEngine[];

  @Field(() => [SkippedEngine], {
    description: "Engines that would not take part, with the reasons.",
    complexity: ({ childComplexity }) => 1 + 10 * childComplexity,
  })
  skipped!: readonly SkippedEngine[];

  @Field(() => Float, {
    nullable: true,
    description: "Milliseconds until the last engine would start; null if that is not known for every engine.",
  })
  estimatedWaitMs!: number | null;
}
