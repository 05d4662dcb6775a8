import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, InputType } from "type-graphql";
import { ScanOrigin } from "./scan-origin.js";
import { EngineVerdict, ResultState, Verdict } from "./states.js";

/** Sizes in bytes. */
@InputType({ description: "A range of sizes in bytes, both ends included." })
export class SizeRange {
  @Field(() => GraphQLSafeInt, { nullable: true, description: "The smallest size." })
  min?: number | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "The largest size." })
  max?: number | null;
}

/** A range of time, half open: ranges that follow each other never overlap. */
@InputType({ description: "A range of time; the end is excluded." })
export class TimeRange {
  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "At this time or later." })
  since?: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Before this time." })
  until?: Date | null;
}

/** One result of a scan. */
@InputType({ description: "Matches a scan that has a result for which every given field holds." })
export class ResultFilter {
  @Field(() => [String], {
    nullable: true,
    description: "The result is of one of these engines, regardless of case.",
  })
  engines?: readonly string[] | null;

  @Field(() => [EngineVerdict], { nullable: true, description: "It has one of these verdicts." })
  verdicts?: readonly EngineVerdict[] | null;

  @Field(() => [ResultState], { nullable: true, description: "It is in one of these states." })
  states?: readonly ResultState[] | null;

  @Field(() => String, {
    nullable: true,
    description: "Its signature's name contains this text, regardless of case; 3 characters at least.",
  })
  signature?: string | null;

  @Field(() => String, { nullable: true, description: "Its signature's name is exactly this; case-sensitive." })
  signatureIs?: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "The engine ran for longer than this many milliseconds. Below 10,000 combine it with a time: every scan in it is looked at.",
  })
  slowerThanMs?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "True: its verdict and the scan's differ on whether the sample is a detection, as `agreement` of the statistics counts it, but as the scan is now. False: they agree.",
  })
  disagrees?: boolean | null;
}

/** One label. */
@InputType({ description: "A label that a scan was given; case-sensitive." })
export class LabelFilter {
  @Field(() => String, { description: "Its key." })
  key!: string;

  @Field(() => String, { nullable: true, description: "Its value; without it any." })
  value?: string | null;
}

/** Which scans are listed. */
@InputType({
  description: "Which scans: every given field must hold; of a list any entry is enough, but every label must be there.",
})
export class ScanFilter {
  @Field(() => [Verdict], { nullable: true, description: "The scan has one of these verdicts." })
  verdicts?: readonly Verdict[] | null;

  @Field(() => Boolean, { nullable: true, description: "True: the scan is final. False: it is open." })
  final?: boolean | null;

  @Field(() => [ResultFilter], { nullable: true, description: "The scan has a result that matches one of these." })
  results?: readonly ResultFilter[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The sample has one of these MIME types, such as `application/pdf`, or `image/*` for all of a kind; regardless of case.",
  })
  mimes?: readonly string[] | null;

  @Field(() => SizeRange, { nullable: true, description: "The sample's size." })
  size?: SizeRange | null;

  @Field(() => TimeRange, {
    nullable: true,
    description: "When the scan was accepted. A list with this filter is ordered by that time, any other by scan number.",
  })
  started?: TimeRange | null;

  @Field(() => TimeRange, {
    nullable: true,
    description:
      "When the scan became final, as the statistics count it. A list with this filter is ordered by that time, unless `started` is given too.",
  })
  ended?: TimeRange | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The file has one of these names; case-sensitive. A `*` stands for any text; a pattern that begins with one searches every scan, which takes long in a large mesh.",
  })
  names?: readonly string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "The sample has one of these hashes: md5, sha1 or sha256 in hex, regardless of case; at most 1,000.",
  })
  hashes?: readonly string[] | null;

  @Field(() => [LabelFilter], { nullable: true, description: "The scan has all of these labels." })
  labels?: readonly LabelFilter[] | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "The scan was submitted with this batch (`batchId`)." })
  batch?: number | null;

  @Field(() => [ScanOrigin], {
    nullable: true,
    description: "Why the scan exists; without it, those that somebody asked for.",
  })
  origins?: readonly ScanOrigin[] | null;
}
