import { GraphQLDateTimeISO } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { EngineVerdict } from "./states.js";
import { REVISION_TEXT, SNAPSHOT_TEXT } from "./fleet-changes.js";
import { PageInfo } from "./page-info.js";
import { Sample } from "./sample.js";
import { TimeRange } from "./scan-filter.js";
import { Scan } from "./scan.js";

/** How many are watched. */
export const LATEST_FLIPS = 100;

@ObjectType({
  description: "An engine says something else of a sample than before, since its signatures have changed.",
  simpleResolvers: true,
})
export class VerdictFlip {
  @Field(() => ID, { description: "Names it." })
  id!: string;

  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => Sample, { description: "The sample." })
  sample!: Sample;

  @Field(() => EngineVerdict, {
    nullable: true,
    description: "What it said before; null: nothing, as Yara does where no rule matches.",
  })
  from!: EngineVerdict | null;

  @Field(() => EngineVerdict, { nullable: true, description: "What it says now." })
  to!: EngineVerdict | null;

  @Field(() => String, { nullable: true, description: "The signature that it found before." })
  fromSignature!: string | null;

  @Field(() => String, { nullable: true, description: "The signature that it finds now." })
  toSignature!: string | null;

  @Field(() => String, { nullable: true, description: "The version of its signatures before, or else of the engine." })
  fromVersion!: string | null;

  @Field(() => String, { nullable: true, description: "The same now." })
  toVersion!: string | null;

  @Field(() => Scan, { description: "The scan that found it: the other engines' results in it are those of the scan before." })
  scan!: Scan;

  @Field(() => Scan, { nullable: true, description: "The scan with the verdict before; null if it was deleted." })
  previous!: Scan | null;

  @Field(() => GraphQLDateTimeISO, { description: "When it was found." })
  at!: Date;
}

@ObjectType({ description: "A changed verdict in a list.", simpleResolvers: true })
export class VerdictFlipEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => VerdictFlip, { description: "The changed verdict." })
  node!: VerdictFlip;
}

@ObjectType({ description: "A page of changed verdicts.", simpleResolvers: true })
export class VerdictFlipConnection {
  @Field(() => [VerdictFlipEdge], { description: "Those of this page with their cursors." })
  edges!: readonly VerdictFlipEdge[];

  @Field(() => [VerdictFlip], { description: "Those of this page." })
  nodes!: readonly VerdictFlip[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}

/** Which changed verdicts are listed. */
@InputType({ description: "Which changed verdicts: every given field must hold; of a list any entry is enough." })
export class VerdictFlipFilter {
  @Field(() => [String], { nullable: true, description: "Of one of these engines, regardless of case." })
  engines?: readonly string[] | null;

  @Field(() => [EngineVerdict], { nullable: true, description: "The engine says one of these now." })
  to?: readonly EngineVerdict[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "The sample has one of these hashes: md5, sha1 or sha256 in hex, regardless of case; at most 1,000.",
  })
  hashes?: readonly string[] | null;

  @Field(() => TimeRange, { nullable: true, description: "When it was found." })
  at?: TimeRange | null;
}

@ObjectType({ description: "The latest changed verdicts, or those that are new.", simpleResolvers: true })
export class VerdictFlipChange {
  @Field(() => Int, { description: REVISION_TEXT })
  revision!: number;

  @Field(() => Boolean, { description: SNAPSHOT_TEXT })
  snapshot!: boolean;

  @Field(() => [VerdictFlip], {
    description: "The latest 100, or those that are new.",
    complexity: ({ childComplexity }) => 1 + LATEST_FLIPS * childComplexity,
  })
  flips!: readonly VerdictFlip[];
}
