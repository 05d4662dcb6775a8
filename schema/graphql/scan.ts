import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Int, ObjectType } from "type-graphql";
import { Priority, SkipReason, Speed, Verdict } from "./enums.js";
import { Node } from "./node.js";
import { Result } from "./result.js";
import { Sample } from "./sample.js";
import { Label } from "./scan-options.js";

/** Engines that the cost of this list is reckoned with. */
const TYPICAL_SKIPPED = 10;
const TYPICAL_LABELS = 3;

@ObjectType({ description: "An engine that takes no part in a scan.", simpleResolvers: true })
export class SkippedEngine {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => SkipReason, { description: "Why it takes no part." })
  reason!: SkipReason;
}

@ObjectType({ implements: Node, description: "One request to examine a sample, and what came of it.", simpleResolvers: true })
export class Scan extends Node {
  @Field(() => GraphQLSafeInt, { description: "The scan's number, as `scan(id)` and the REST API take it." })
  scanId!: number;

  @Field(() => String, { description: "The file's name as the sender gave it, for display only." })
  name!: string;

  @Field(() => Speed, { description: "The slowest class of engines allowed." })
  speed!: Speed;

  @Field(() => Boolean, { description: "Whether engines that can reach the internet may take part." })
  internet!: boolean;

  @Field(() => GraphQLDateTimeISO, { description: "When it was accepted." })
  startDate!: Date;

  @Field(() => GraphQLDateTimeISO, { description: "When it is final at the latest." })
  deadline!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it became final; null until then." })
  endDate!: Date | null;

  @Field(() => Verdict, {
    nullable: true,
    description: "What can be said of the sample; detections at once, all else when the scan is final.",
  })
  verdict!: Verdict | null;

  @Field(() => Int, { description: "Results that are final." })
  done!: number;

  @Field(() => Int, { description: "Engines that are expected to answer." })
  total!: number;

  @Field(() => Int, { description: "Results that are INFECTED or SUSPICIOUS." })
  detections!: number;

  @Field(() => Int, { description: "Counts every visible change: of two readings the one with the higher revision is newer." })
  revision!: number;

  @Field(() => [SkippedEngine], {
    description: "Engines that take no part, with the reasons.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_SKIPPED * childComplexity,
  })
  skipped!: readonly SkippedEngine[];

  @Field(() => [Label], {
    description: "Its labels, by key.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_LABELS * childComplexity,
  })
  labels!: readonly Label[];

  @Field(() => Priority, { description: "How it takes its turn." })
  priority!: Priority;

  @Field(() => Int, {
    nullable: true,
    description: "Detections after which the engines that have not answered are not waited for; null: all are.",
  })
  stopAfter!: number | null;

  @Field(() => Scan, { nullable: true, description: "The scan that this one repeats; null if it is none, or was deleted." })
  previous!: Scan | null;

  @Field(() => Sample, { description: "What is examined." })
  sample!: Sample;

  @Field(() => [Result], { description: "What each expected engine says, in the order of their names." })
  results!: readonly Result[];
}
