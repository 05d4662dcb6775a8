import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, ObjectType } from "type-graphql";
import { StatisticsInterval } from "./enums.js";

@ObjectType({ description: "Scans by what they say of their samples.", simpleResolvers: true })
export class VerdictCounts {
  @Field(() => GraphQLSafeInt, { description: "Nothing was found, and clean is not proven." })
  inconclusive!: number;

  @Field(() => GraphQLSafeInt, { description: "Every antivirus engine finished and found nothing." })
  clean!: number;

  @Field(() => GraphQLSafeInt, { description: "At least one engine finds it suspicious, none infected." })
  suspicious!: number;

  @Field(() => GraphQLSafeInt, { description: "At least one engine says that it is malware." })
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

@ObjectType({ description: "How long something took. Read from buckets: to within a fifth." })
export class Durations {
  @Field(() => Float, { nullable: true, description: "Half of them took no longer, in milliseconds." })
  p50Ms!: number | null;

  @Field(() => Float, { nullable: true, description: "95 of 100 took no longer, in milliseconds." })
  p95Ms!: number | null;
}

@ObjectType({ description: "What one engine answered in the scans that became final in the range." })
export class EngineStatistics {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => GraphQLSafeInt, { description: "Its results." })
  results!: number;

  @Field(() => GraphQLSafeInt, { description: "Those in which it found something, suspicious or infected." })
  detections!: number;

  @Field(() => Float, { nullable: true, description: "Detections among the results with a verdict, 0 to 1; null without any." })
  detectionRate!: number | null;

  @Field(() => GraphQLSafeInt, {
    description: "Those that failed, timed out, found no agent, or could not scan all of the sample.",
  })
  errors!: number;

  @Field(() => Float, {
    nullable: true,
    description: "Errors among the results that were not cancelled, 0 to 1; null without any.",
  })
  errorRate!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Among its verdicts in scans that are not INCONCLUSIVE, those that agree with the scan whether the sample is a detection, 0 to 1.",
  })
  agreement!: number | null;

  @Field(() => Durations, { description: "How long it ran." })
  durations!: Durations;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "The date of its signatures as announced last." })
  signatureDate!: Date | null;

  @Field(() => Float, { nullable: true, description: "How old these signatures are now, in seconds." })
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

  @Field(() => GraphQLSafeInt, { description: "Those that are suspicious or infected." })
  detected!: number;
}

@ObjectType({
  description:
    "Scans that became final in a range of time, as they were when they did. Kept by the hour and seconds behind; scans that were imported or deleted before are not counted.",
})
export class Statistics {
  @Field(() => GraphQLDateTimeISO, { description: "When the range begins: with an interval." })
  from!: Date;

  @Field(() => GraphQLDateTimeISO, { description: "When the range ends, exclusive." })
  to!: Date;

  @Field(() => StatisticsInterval, { description: "How long each point is." })
  interval!: StatisticsInterval;

  @Field(() => [StatisticsPoint], { description: "One for each interval of the range, in order, those without scans too." })
  points!: StatisticsPoint[];

  @Field(() => Durations, { description: "How long scans took from being accepted to being final." })
  waits!: Durations;

  @Field(() => [EngineStatistics], { description: "By engine, in the order of their names; those with results." })
  engines!: EngineStatistics[];

  @Field(() => [SignatureCount], { description: "What was found most. Each hour counts its 100 most frequent." })
  topSignatures!: SignatureCount[];

  @Field(() => [TypeCount], { description: "What was scanned most. Each hour counts its 100 most frequent." })
  topTypes!: TypeCount[];
}
