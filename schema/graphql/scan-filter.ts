import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, InputType } from "type-graphql";
import { EngineVerdict, ResultState, Verdict } from "./enums.js";

/** Sizes in bytes. */
@InputType({ description: "A range of sizes in bytes; both ends belong to it." })
export class SizeRange {
  @Field(() => GraphQLSafeInt, { nullable: true, description: "The least." })
  min?: number | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "The most." })
  max?: number | null;
}

/** A range of time, half open: ranges that follow each other never overlap. */
@InputType({ description: "A range of time, from one moment until just before the other." })
export class TimeRange {
  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "At this time or later." })
  since?: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Before this time." })
  until?: Date | null;
}

/** One result of a scan. */
@InputType({ description: "One result that a scan has: everything that is given must hold for the same result." })
export class ResultFilter {
  @Field(() => [String], {
    nullable: true,
    description: "Names of engines, without regard to case: the result is of one of them.",
  })
  engines?: readonly string[] | null;

  @Field(() => [EngineVerdict], { nullable: true, description: "It has one of these verdicts." })
  verdicts?: readonly EngineVerdict[] | null;

  @Field(() => [ResultState], { nullable: true, description: "It is in one of these states." })
  states?: readonly ResultState[] | null;

  @Field(() => String, {
    nullable: true,
    description: "Its signature's name contains this text, without regard to case; 3 characters at least.",
  })
  signature?: string | null;
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
  description: "Which scans: everything that is given must hold, and of a list any one of its entries; of labels all.",
})
export class ScanFilter {
  @Field(() => [Verdict], { nullable: true, description: "The scan has one of these verdicts." })
  verdicts?: readonly Verdict[] | null;

  @Field(() => Boolean, { nullable: true, description: "True: the scan is final. False: it is open." })
  final?: boolean | null;

  @Field(() => [ResultFilter], { nullable: true, description: "The scan has a result as one of these describes." })
  results?: readonly ResultFilter[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The sample has one of these MIME types, such as `application/pdf`, or `image/*` for all of a kind; without regard to case.",
  })
  mimes?: readonly string[] | null;

  @Field(() => SizeRange, { nullable: true, description: "The sample's size." })
  size?: SizeRange | null;

  @Field(() => TimeRange, {
    nullable: true,
    description: "When the scan was accepted. Such a list is ordered by that time, every other by the scans' numbers.",
  })
  started?: TimeRange | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The file has one of these names, as they were sent; case-sensitive. A `*` stands for any text; a name that begins with one is looked for " +
      "in every scan, which takes long in a large mesh.",
  })
  names?: readonly string[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "The sample has one of these hashes: md5, sha1 and sha256 in hex, mixed as you like, without regard to case; 1,000 at most.",
  })
  hashes?: readonly string[] | null;

  @Field(() => [LabelFilter], { nullable: true, description: "The scan has all of these labels." })
  labels?: readonly LabelFilter[] | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "The scan was submitted with this batch (`batchId`)." })
  batch?: number | null;
}
