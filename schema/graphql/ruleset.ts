import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { RuleJobState, RuleSeverity, RulesetState, TryOutcome } from "../rule-job.js";
import { EngineUpdate } from "./engine-update.js";
import { PageInfo } from "./page-info.js";

registerEnumType(RulesetState, {
  name: "RulesetState",
  description: "Whether a version of a ruleset may be enabled.",
  valuesConfig: {
    CHECKING: { description: "A host has not compiled it yet." },
    INVALID: { description: "It has mistakes: it cannot be enabled." },
    READY: { description: "It compiles: it can be tried and enabled." },
  },
});

registerEnumType(RuleJobState, {
  name: "RuleJobState",
  description: "How far a check or a try of a ruleset is.",
  valuesConfig: {
    WAITING: { description: "No host has it: the reason says why." },
    RUNNING: { description: "A host does it." },
    DONE: { description: "It is done." },
    FAILED: { description: "It did not come to its end: the reason says why." },
    CANCELLED: { description: "Somebody ended it. What came of it until then stays." },
  },
});

registerEnumType(RuleSeverity, {
  name: "RuleSeverity",
  description: "Whether a mistake keeps a ruleset from being enabled.",
  valuesConfig: {
    ERROR: { description: "It does." },
    WARNING: { description: "It does not, such as a pattern that is slow." },
  },
});

registerEnumType(TryOutcome, {
  name: "TryOutcome",
  description: "What came of one sample when a ruleset was tried.",
  valuesConfig: {
    NO_MATCH: { description: "No rule matched." },
    MATCH: { description: "A rule matched." },
    TIMEOUT: { description: "The rules took too long." },
    FAILED: { description: "The scan failed." },
    UNSCANNED: { description: "It is larger than the engine reads." },
    GONE: { description: "It was deleted before its turn." },
  },
});

@ObjectType({ description: "A mistake in a file of a ruleset.", simpleResolvers: true })
export class RuleMistake {
  @Field(() => String, { description: "The file's path." })
  path!: string;

  @Field(() => Int, { nullable: true, description: "The line, from 1; null: the file as a whole." })
  line!: number | null;

  @Field(() => String, { description: "What is wrong." })
  message!: string;

  @Field(() => RuleSeverity, { description: "Whether it keeps the ruleset from being enabled." })
  severity!: RuleSeverity;
}

@ObjectType({ description: "A file of a ruleset.", simpleResolvers: true })
export class RulesetFile {
  @Field(() => String, { description: "Its path within the ruleset." })
  path!: string;

  @Field(() => GraphQLSafeInt, { description: "Its bytes." })
  size!: number;

  @Field(() => String, { description: "The sha256 of its bytes." })
  sha256!: string;
}

@ObjectType({ description: "A file of a ruleset, as text.", simpleResolvers: true })
export class RulesetFileText {
  @Field(() => String, { description: "Its path within the ruleset." })
  path!: string;

  @Field(() => String, { description: "What is in it." })
  text!: string;
}

@ObjectType({ description: "A check or a try of a version of a ruleset, on one host at a time.", simpleResolvers: true })
export class RulesetJob {
  @Field(() => RuleJobState, { description: "How far it is." })
  state!: RuleJobState;

  @Field(() => String, { nullable: true, description: "Why it waits or has failed." })
  reason!: string | null;

  @Field(() => String, { nullable: true, description: "The agent that does it, or has done it; null: none." })
  agent!: string | null;

  @Field(() => Int, { description: "Files of a check, or samples of a try, that are done." })
  done!: number;

  @Field(() => Int, { description: "All of them; 0: not known yet." })
  total!: number;

  @Field(() => Int, { description: "Samples of a try that would have matched." })
  matched!: number;

  @Field(() => Int, { description: "Samples of a try with which the rules did not finish." })
  unfinished!: number;

  @Field(() => Int, { description: "Samples of a try that were deleted before their turn." })
  gone!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When somebody asked for it." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it ended; null until then." })
  endedAt!: Date | null;
}

@ObjectType({ description: "One version of a ruleset. Its files never change.", simpleResolvers: true })
export class RulesetVersion {
  @Field(() => ID, { description: "Names it in this mesh." })
  id!: number;

  @Field(() => String, { description: "The engine that the rules are for." })
  engine!: string;

  @Field(() => String, { description: "The ruleset." })
  name!: string;

  @Field(() => Int, { description: "Its number in the ruleset, from 1." })
  number!: number;

  @Field(() => String, { description: "What its author says of it." })
  comment!: string;

  @Field(() => GraphQLSafeInt, { description: "Bytes of all files." })
  size!: number;

  @Field(() => Int, { description: "How many files it has." })
  fileCount!: number;

  @Field(() => RulesetState, { description: "Whether it may be enabled." })
  state!: RulesetState;

  @Field(() => Int, { nullable: true, description: "How many rules it has; null: it was not checked yet." })
  rules!: number | null;

  @Field(() => Int, { description: "How many mistakes there are besides `mistakes`." })
  mistakesOmitted!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When it was sent." })
  createdAt!: Date;

  @Field(() => String, { nullable: true, description: "Name of the API key that sent it; null: nobody who has a key." })
  createdBy!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it was checked; null: not yet." })
  checkedAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, {
    nullable: true,
    description: "Since when its files are gone, as there are newer versions; null: they are kept.",
  })
  removedAt!: Date | null;

  @Field(() => RulesetJob, { nullable: true, description: "Its last check." })
  check!: RulesetJob | null;

  @Field(() => RulesetJob, { nullable: true, description: "Its last try; null: it was not tried." })
  tried!: RulesetJob | null;
}

@ObjectType({ description: "Rules of people, in versions.", simpleResolvers: true })
export class Ruleset {
  @Field(() => String, { description: "The engine that the rules are for." })
  engine!: string;

  @Field(() => String, { description: "Its name, which is that of its set of bundles." })
  name!: string;

  @Field(() => Int, { nullable: true, description: "The number of the version that hosts are to serve; null: none." })
  serves!: number | null;

  @Field(() => EngineUpdate, { nullable: true, description: "The update of its set that is not over." })
  update!: EngineUpdate | null;

  @Field(() => [RulesetVersion], {
    description: "Its versions, the newest first.",
    complexity: ({ childComplexity }) => 1 + 50 * childComplexity,
  })
  versions!: readonly RulesetVersion[];
}

@ObjectType({ description: "A sample of a try of which there is something to say.", simpleResolvers: true })
export class TriedSample {
  @Field(() => String, { description: "Its sha256." })
  sha256!: string;

  @Field(() => String, { nullable: true, description: "The name of its newest scan; null: it has none." })
  name!: string | null;

  @Field(() => TryOutcome, { description: "What came of it." })
  outcome!: TryOutcome;

  @Field(() => [String], { description: "The rules that matched: 20 at most." })
  rules!: readonly string[];

  @Field(() => String, { nullable: true, description: "Why it did not finish." })
  reason!: string | null;
}

@ObjectType({ description: "A sample of a try in a list.", simpleResolvers: true })
export class TriedSampleEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => TriedSample, { description: "The sample." })
  node!: TriedSample;
}

@ObjectType({ description: "A page of samples of a try.", simpleResolvers: true })
export class TriedSampleConnection {
  @Field(() => [TriedSampleEdge], { description: "Those of this page with their cursors." })
  edges!: readonly TriedSampleEdge[];

  @Field(() => [TriedSample], { description: "Those of this page." })
  nodes!: readonly TriedSample[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}
