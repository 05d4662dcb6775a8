import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { SwitchWay } from "../bundle-presence.js";
import { FetchState } from "../fetch-job.js";
import { BundleVersion, EngineUpdate, UpdateHostState } from "./engine-update.js";

registerEnumType(SwitchWay, {
  name: "SwitchWay",
  description: "How a new version takes the old one's place on a host.",
  valuesConfig: {
    BESIDE: { description: "It is started and tested while the old one serves." },
    IN_TURN: { description: "The old one is stopped first; other hosts serve meanwhile." },
    AUTO: { description: "Beside the old one if the memory is there, else in turn." },
  },
});
registerEnumType(FetchState, {
  name: "FetchState",
  description: "How far a look at a source is.",
  valuesConfig: {
    WAITING: { description: "No fetcher has it yet." },
    CHECKING: { description: "It is asked whether there is something new." },
    FETCHING: { description: "Files are fetched." },
    VERIFYING: { description: "They are verified." },
    UPLOADING: { description: "They go to the mesh." },
    DONE: { description: "There was nothing new, or the mesh has it." },
    BLOCKED: { description: "The source refuses until a time." },
    FAILED: { description: "It failed; `reason` says why." },
  },
});

@ObjectType({ description: "How the bundles of a set come to its engine.", simpleResolvers: true })
export class UpdatePolicy {
  @Field(() => Boolean, { description: "Whether what is fetched is served without being asked for." })
  automatic!: boolean;

  @Field(() => Int, { description: "Seconds between two looks at the source." })
  checkEverySeconds!: number;

  @Field(() => Int, { nullable: true, description: "Minute of the day (UTC) from which such updates begin; null: at any time." })
  windowFrom!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Minute of the day (UTC) until which they do; before `windowFrom`: of the next day.",
  })
  windowTo!: number | null;

  @Field(() => Boolean, { description: "Whether updates are paused." })
  isPaused!: boolean;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Until when; null while paused: until they are resumed." })
  pausedUntil!: Date | null;

  @Field(() => SwitchWay, { description: "How a new version takes the old one's place; the main set's holds for the engine." })
  switch!: keyof typeof SwitchWay;
}

@ObjectType({ description: "The last look at the source of a set.", simpleResolvers: true })
export class SourceCheck {
  @Field(() => FetchState, { description: "How far it is." })
  state!: keyof typeof FetchState;

  @Field(() => String, { nullable: true, description: "Why it is blocked or has failed, or a remark." })
  reason!: string | null;

  @Field(() => String, { nullable: true, description: "The agent that fetches; null: nobody yet." })
  agent!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When the source answered last." })
  checkedAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { description: "When the next look begins." })
  nextAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Until when the source refuses." })
  blockedUntil!: Date | null;

  @Field(() => Int, { description: "How many looks have failed since the last one that did not." })
  failuresInARow!: number;
}

@ObjectType({ description: "A set of an engine on a host.", simpleResolvers: true })
export class UpdateSetHost {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => UpdateHostState, { description: "How far it is." })
  state!: UpdateHostState;

  @Field(() => BundleVersion, { nullable: true, description: "What it serves now; null: what its host gives it, or it is gone." })
  serving!: BundleVersion | null;

  @Field(() => BundleVersion, { nullable: true, description: "What it is to serve; null: what its host gives it." })
  target!: BundleVersion | null;

  @Field(() => String, { nullable: true, description: "The version of its signatures, as the engine says it." })
  signatureVersion!: string | null;

  @Field(() => String, { nullable: true, description: "Why it has failed, or what it waits for." })
  reason!: string | null;

  @Field(() => GraphQLSafeInt, { description: "Bytes of the bundles that are there." })
  bytes!: number;

  @Field(() => GraphQLSafeInt, { description: "Bytes that it needs." })
  total!: number;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Since when it is as far as it is." })
  since!: Date | null;
}

@ObjectType({ description: "A line of bundles of an engine, and who serves which of them.", simpleResolvers: true })
export class UpdateSet {
  @Field(() => String, { description: "The engine." })
  engine!: string;

  @Field(() => String, { description: "The set's name: `main` is the engine's own signatures." })
  set!: string;

  @Field(() => BundleVersion, { nullable: true, description: "What hosts are to serve; null: what each host gives it." })
  serves!: BundleVersion | null;

  @Field(() => BundleVersion, { nullable: true, description: "The newest bundle; null: there is none." })
  newest!: BundleVersion | null;

  @Field(() => UpdatePolicy, { description: "When its bundles are served." })
  policy!: UpdatePolicy;

  @Field(() => SourceCheck, { nullable: true, description: "The last look at its source; null: nobody fetches it." })
  check!: SourceCheck | null;

  @Field(() => EngineUpdate, { nullable: true, description: "The update that is not over." })
  update!: EngineUpdate | null;

  @Field(() => [UpdateSetHost], {
    description: "The agents that have the engine, by name.",
    complexity: ({ childComplexity }) => 1 + 20 * childComplexity,
  })
  hosts!: readonly UpdateSetHost[];
}
