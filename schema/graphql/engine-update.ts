import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { EngineUpdateState, HostUpdateState, UpdateCause } from "../update-states.js";
import { PageInfo } from "./page-info.js";

registerEnumType(EngineUpdateState, {
  name: "EngineUpdateState",
  description: "How far an update is.",
  valuesConfig: {
    PENDING: { description: "It waits for its window, for a resumption, or for its first host." },
    CANARY: { description: "One host serves the new bundle, and is held against the engine's own last seven days." },
    ROLLING: { description: "The other hosts follow, some at a time." },
    DONE: { description: "All hosts that are there serve it." },
    ROLLED_BACK: { description: "It was given up, because of `reason`: all hosts serve again what they served before." },
    HELD: { description: "The first host differs from the days before: somebody has to decide." },
    CANCELLED: { description: "Another one took its place before it had begun, or while it was held." },
  },
});
registerEnumType(UpdateCause, {
  name: "UpdateCause",
  description: "Why an update began.",
  valuesConfig: {
    FETCHED: { description: "A fetcher brought a new bundle." },
    ASKED: { description: "Somebody asked for it." },
    ROLLBACK: { description: "Somebody asked for what was served before." },
  },
});

/** How far a set is on a host. */
export const UpdateHostState = { ...HostUpdateState, BY_HOST: "BY_HOST" } as const;
export type UpdateHostState = keyof typeof UpdateHostState;
registerEnumType(UpdateHostState, {
  name: "UpdateHostState",
  description: "How far an engine on a host is with a bundle.",
  valuesConfig: {
    WAITING: { description: "Its turn has not come, or it has not begun yet." },
    FETCHING: { description: "It fetches the files that it lacks." },
    TESTING: { description: "The new bundle is started and tested." },
    CANARY: { description: "It serves the new bundle before the others." },
    SERVING: { description: "It serves it." },
    HELD: { description: "It serves the new bundle before the others, and the update is held." },
    FAILED: { description: "It serves what it served before, because of `reason`." },
    GONE: { description: "Its agent is not there." },
    BY_HOST: { description: "It serves what its host gives it: the mesh has no say." },
  },
});

/** What of an engine's answers has jumped with a new bundle. */
export const CanaryJump = {
  FAILURES: "FAILURES",
  SLOWER: "SLOWER",
  MORE_DETECTIONS: "MORE_DETECTIONS",
  FEWER_DETECTIONS: "FEWER_DETECTIONS",
} as const;
registerEnumType(CanaryJump, {
  name: "CanaryJump",
  description: "What differs from the days before.",
  valuesConfig: {
    FAILURES: { description: "More of its answers are failures." },
    SLOWER: { description: "It takes longer." },
    MORE_DETECTIONS: { description: "It finds something in more samples." },
    FEWER_DETECTIONS: { description: "It finds something in fewer samples." },
  },
});

@ObjectType({ description: "A bundle, as updates name it.", simpleResolvers: true })
export class BundleVersion {
  @Field(() => String, { description: "What names it: the sha256 of its manifest." })
  digest!: string;

  @Field(() => Int, { description: "The mesh's own order within the set, from 1." })
  sequence!: number;

  @Field(() => String, { nullable: true, description: "As whoever made the content calls it, for example `27500`." })
  version!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When the content was made." })
  date!: Date | null;

  @Field(() => GraphQLSafeInt, { description: "Bytes of its files." })
  size!: number;
}

@ObjectType({ description: "How far an update is on a host.", simpleResolvers: true })
export class EngineUpdateHost {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => UpdateHostState, { description: "How far it is. Of an update that is over, how far it was." })
  state!: UpdateHostState;

  @Field(() => String, { nullable: true, description: "Why it has failed, or what it waits for." })
  reason!: string | null;

  @Field(() => GraphQLDateTimeISO, { description: "Since when it is as far as it is." })
  changedAt!: Date;

  @Field(() => GraphQLSafeInt, { description: "Bytes of the bundle that are there." })
  bytes!: number;

  @Field(() => GraphQLSafeInt, { description: "Bytes that it needs." })
  total!: number;
}

@ObjectType({ description: "What an engine answered, in numbers.", simpleResolvers: true })
export class AnswerFigures {
  @Field(() => GraphQLSafeInt, { description: "How many results." })
  answers!: number;

  @Field(() => GraphQLSafeInt, { description: "Of them FAILED and TIMEOUT." })
  failures!: number;

  @Field(() => GraphQLSafeInt, { description: "Of them those that found something." })
  detections!: number;

  @Field(() => Float, { nullable: true, description: "95 % of them took no longer than this, in milliseconds." })
  p95Ms!: number | null;
}

@ObjectType({ description: "A result of the first host that somebody should look at.", simpleResolvers: true })
export class CanarySample {
  @Field(() => Int, { description: "The scan's `scanId`." })
  scanId!: number;

  @Field(() => String, { description: "The sample's sha256." })
  sha256!: string;

  @Field(() => String, { description: "The name under which it was submitted." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What was found." })
  signature!: string | null;

  @Field(() => String, { nullable: true, description: "Why it did not finish." })
  error!: string | null;

  @Field(() => Float, { nullable: true, description: "How long the engine ran, in milliseconds." })
  durationMs!: number | null;
}

@ObjectType({ description: "What the first host did, and what its engine usually does.", simpleResolvers: true })
export class CanaryEvidence {
  @Field(() => AnswerFigures, { description: "On the first host, since it serves the new bundle." })
  now!: AnswerFigures;

  @Field(() => AnswerFigures, { description: "Of the engine, in the last seven days." })
  usual!: AnswerFigures;

  @Field(() => CanaryJump, { nullable: true, description: "What differs so much that the update was held." })
  jump!: keyof typeof CanaryJump | null;

  @Field(() => [CanarySample], {
    description: "Up to 20 results that show it.",
    complexity: ({ childComplexity }) => 1 + 20 * childComplexity,
  })
  samples!: readonly CanarySample[];
}

@ObjectType({ description: "One engine's way from one bundle of a set to another.", simpleResolvers: true })
export class EngineUpdate {
  @Field(() => ID, { description: "Names it." })
  id!: number;

  @Field(() => String, { description: "The engine." })
  engine!: string;

  @Field(() => String, { description: "The set: `main` is the engine's own signatures." })
  set!: string;

  @Field(() => BundleVersion, { nullable: true, description: "What was served before; null: what hosts gave it." })
  fromBundle!: BundleVersion | null;

  @Field(() => BundleVersion, { nullable: true, description: "What is served then; null: what hosts give it." })
  toBundle!: BundleVersion | null;

  @Field(() => UpdateCause, { description: "Why it began." })
  cause!: UpdateCause;

  @Field(() => Boolean, { description: "Whether all hosts follow without a first one." })
  skipCanary!: boolean;

  @Field(() => EngineUpdateState, { description: "How far it is." })
  state!: EngineUpdateState;

  @Field(() => String, { nullable: true, description: "Why it was held, rolled back or cancelled." })
  reason!: string | null;

  @Field(() => String, { nullable: true, description: "The agent that serves it before the others." })
  canary!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Since when it does." })
  canarySince!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: "What it waits for besides its hosts, in words, for example how many scans of its first host.",
  })
  waitsFor!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Until when at the latest; null if nobody knows." })
  waitsUntil!: Date | null;

  @Field(() => GraphQLDateTimeISO, { description: "When it was entered." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it began." })
  startedAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it ended." })
  endedAt!: Date | null;
}

@ObjectType({ description: "An update in a list.", simpleResolvers: true })
export class EngineUpdateEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => EngineUpdate, { description: "The update." })
  node!: EngineUpdate;
}

@ObjectType({ description: "A page of updates.", simpleResolvers: true })
export class EngineUpdateConnection {
  @Field(() => [EngineUpdateEdge], { description: "Those of this page with their cursors." })
  edges!: readonly EngineUpdateEdge[];

  @Field(() => [EngineUpdate], { description: "Those of this page." })
  nodes!: readonly EngineUpdate[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}
