import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, ObjectType, registerEnumType } from "type-graphql";

/** How long each point of statistics is. */
export const StatisticsInterval = { HOUR: "HOUR", DAY: "DAY" } as const;
export type StatisticsInterval = keyof typeof StatisticsInterval;
registerEnumType(StatisticsInterval, {
  name: "StatisticsInterval",
  description: "The length of each point of statistics.",
  valuesConfig: { HOUR: { description: "An hour." }, DAY: { description: "A day, UTC." } },
});

@ObjectType({ description: "Scans by verdict.", simpleResolvers: true })
export class VerdictCounts {
  @Field(() => GraphQLSafeInt, { description: "Nothing was found, but the sample is not proven clean." })
  inconclusive!: number;

  @Field(() => GraphQLSafeInt, { description: "Every antivirus engine finished and found nothing." })
  clean!: number;

  @Field(() => GraphQLSafeInt, { description: "At least one engine considers it suspicious, none infected." })
  suspicious!: number;

  @Field(() => GraphQLSafeInt, { description: "At least one engine considers it malware." })
  infected!: number;
}

@ObjectType({ description: "The scans that became final in one interval." })
export class StatisticsPoint {
  @Field(() => GraphQLDateTimeISO, { description: "When the interval begins, UTC." })
  start!: Date;

  @Field(() => GraphQLSafeInt, { description: "Scans that became final in it." })
  scans!: number;

  @Field(() => VerdictCounts, { description: "The same by verdict." })
  verdicts!: VerdictCounts;

  @Field(() => GraphQLSafeInt, { description: "Bytes of their samples." })
  bytes!: number;
}

@ObjectType({ description: "How long something took, accurate to a fifth." })
export class Durations {
  @Field(() => Float, { nullable: true, description: "The median in milliseconds." })
  p50Ms!: number | null;

  @Field(() => Float, { nullable: true, description: "The 95th percentile in milliseconds." })
  p95Ms!: number | null;
}

/** What one engine answered, over all of a range or in one interval. */
@ObjectType()
export abstract class EngineAnswers {
  @Field(() => GraphQLSafeInt, { description: "Its results." })
  results!: number;

  @Field(() => GraphQLSafeInt, { description: "Results that are SUSPICIOUS or INFECTED." })
  detections!: number;

  @Field(() => Float, {
    nullable: true,
    description: "The share of detections among results with a verdict, 0 to 1; null without any.",
  })
  detectionRate!: number | null;

  @Field(() => GraphQLSafeInt, {
    description: "Results that failed, timed out, found no agent, or could not scan all of the sample.",
  })
  errors!: number;

  @Field(() => Float, {
    nullable: true,
    description: "The share of errors among results that were not cancelled, 0 to 1; null without any.",
  })
  errorRate!: number | null;

  @Field(() => Durations, { description: "How long it ran." })
  durations!: Durations;
}

@ObjectType({ description: "What one engine answered in the scans that became final in one interval." })
export class EngineStatisticsPoint extends EngineAnswers {
  @Field(() => GraphQLDateTimeISO, { description: "When the interval begins, UTC." })
  start!: Date;
}

@ObjectType({ description: "What one engine answered in the scans that became final in the range." })
export class EngineStatistics extends EngineAnswers {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => Float, {
    nullable: true,
    description:
      "The share of its verdicts, in scans that are not INCONCLUSIVE, that agree with the scan on whether the sample is a detection, 0 to 1.",
  })
  agreement!: number | null;

  @Field(() => [EngineStatisticsPoint], {
    description: "One for each interval of the range, in order, including those without results.",
  })
  points!: EngineStatisticsPoint[];

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "The last announced date of its signatures." })
  signatureDate!: Date | null;

  @Field(() => Float, { nullable: true, description: "The age of these signatures now, in seconds." })
  signatureAgeSeconds!: number | null;
}

@ObjectType({ description: "How often an engine found a signature.", simpleResolvers: true })
export class SignatureCount {
  @Field(() => String, { description: "The engine." })
  engine!: string;

  @Field(() => String, { description: "The signature's name, its first 256 characters." })
  signature!: string;

  @Field(() => GraphQLSafeInt, { description: "Results that have it." })
  results!: number;
}

@ObjectType({ description: "How often samples of a type were scanned.", simpleResolvers: true })
export class TypeCount {
  @Field(() => String, { description: "The MIME type." })
  mime!: string;

  @Field(() => GraphQLSafeInt, { description: "Scans of such samples." })
  scans!: number;

  @Field(() => GraphQLSafeInt, { description: "Scans that are SUSPICIOUS or INFECTED." })
  detected!: number;
}

@ObjectType({
  description:
    "Scans that became final in a range of time, as they were then. Counted by the hour, a few seconds late; imported scans, and scans deleted before they were counted, are left out.",
})
export class Statistics {
  @Field(() => GraphQLDateTimeISO, { description: "When the range begins, at the start of an interval." })
  from!: Date;

  @Field(() => GraphQLDateTimeISO, { description: "When the range ends, exclusive." })
  to!: Date;

  @Field(() => StatisticsInterval, { description: "The length of each point." })
  interval!: StatisticsInterval;

  @Field(() => [StatisticsPoint], { description: "One for each interval of the range, in order, including those without scans." })
  points!: StatisticsPoint[];

  @Field(() => Durations, { description: "How long scans took from acceptance to the end." })
  waits!: Durations;

  @Field(() => [EngineStatistics], { description: "By engine, in the order of their names; those with results." })
  engines!: EngineStatistics[];

  @Field(() => [SignatureCount], { description: "The signatures found most often, from the 100 most frequent of each hour." })
  topSignatures!: SignatureCount[];

  @Field(() => [TypeCount], { description: "The MIME types scanned most often, from the 100 most frequent of each hour." })
  topTypes!: TypeCount[];
}
