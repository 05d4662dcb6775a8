import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, Int, ObjectType } from "type-graphql";
import { ScanOrigin } from "./scan-origin.js";
import { Priority, Speed } from "./classes.js";
import { SkipReason, Verdict } from "./states.js";
import { Node } from "./node.js";
import { Result } from "./result.js";
import { ScanProof } from "./scan-proof.js";
import { Sample } from "./sample.js";
import { Label } from "./scan-options.js";

/** Engines that the cost of this list is reckoned with. */
const TYPICAL_SKIPPED = 10;
const TYPICAL_LABELS = 3;

@ObjectType({ description: "An engine that does not take part in a scan.", simpleResolvers: true })
export class SkippedEngine {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => SkipReason, { description: "Why it does not take part." })
  reason!: SkipReason;
}

@ObjectType({ implements: Node, description: "One request to scan a sample, and its results.", simpleResolvers: true })
export class Scan extends Node {
  @Field(() => GraphQLSafeInt, { description: "The scan's number, as `scan(id)` and the REST API take it." })
  scanId!: number;

  @Field(() => String, { description: "The file name as sent, for display only." })
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
    description: "The verdict: a detection at once, any other when the scan is final.",
  })
  verdict!: Verdict | null;

  @Field(() => Int, { description: "Results that are final." })
  done!: number;

  @Field(() => Int, { description: "Engines that are expected to answer." })
  total!: number;

  @Field(() => Int, { description: "Results that are INFECTED or SUSPICIOUS." })
  detections!: number;

  @Field(() => Int, { description: "Rises with every visible change: the reading with the higher revision is the newer one." })
  revision!: number;

  @Field(() => [SkippedEngine], {
    description: "Engines that do not take part, with the reasons.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_SKIPPED * childComplexity,
  })
  skipped!: readonly SkippedEngine[];

  @Field(() => [Label], {
    description: "Its labels, by key.",
    complexity: ({ childComplexity }) => 1 + TYPICAL_LABELS * childComplexity,
  })
  labels!: readonly Label[];

  @Field(() => Priority, { description: "Its priority." })
  priority!: Priority;

  @Field(() => Int, {
    nullable: true,
    description: "The number of detections after which the scan stops waiting for the other engines; null: it waits for all.",
  })
  stopAfter!: number | null;

  @Field(() => Scan, { nullable: true, description: "The scan that this one repeats; null if there is none or it was deleted." })
  previous!: Scan | null;

  @Field(() => ScanOrigin, { description: "Why it exists." })
  origin!: ScanOrigin;

  @Field(() => Sample, { description: "The sample." })
  sample!: Sample;

  @Field(() => ScanProof, { description: "Why it has its verdict." })
  proof!: ScanProof;

  @Field(() => Int, {
    description: "Results that are FAILED, NO_AGENT, TIMEOUT or UNSCANNED, as `errors` of the statistics counts them.",
  })
  errors!: number;

  @Field(() => Boolean, { description: "Whether the result of an antivirus engine is stale. The verdict stays." })
  stale!: boolean;

  @Field(() => Float, {
    nullable: true,
    description:
      "Estimated milliseconds until the last of its engines starts, at most: as long as a request that comes now would wait for it. 0 if all have started; null if that is unknown for one of them, and for a BULK scan, which waits for others.",
  })
  estimatedWaitMs!: number | null;

  @Field(() => [Result], { description: "The result of each expected engine, by engine name." })
  results!: readonly Result[];
}
