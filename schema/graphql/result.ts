import { GraphQLDateTimeISO, GraphQLJSONObject, GraphQLSafeInt } from "graphql-scalars";
import { Field, Float, Int, ObjectType } from "type-graphql";
import { Node } from "./node.js";
import { EngineVersions } from "./engine-versions.js";
import { ClosedMember } from "./closed-member.js";
import { ContainerImage } from "./container-image.js";
import { SuppressedSignature } from "./suppression.js";
import { EngineSetup } from "./engine-setup.js";
import { ResultTimings } from "./result-timings.js";
import { EngineSpeed, PluginType } from "./classes.js";
import { EngineVerdict, ResultCause, ResultState } from "./states.js";

@ObjectType({ implements: Node, description: "The result of one engine in one scan.", simpleResolvers: true })
export class Result extends Node {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => PluginType, { description: "The kind of engine." })
  type!: PluginType;

  @Field(() => EngineSpeed, { description: "The engine's speed class." })
  speed!: EngineSpeed;

  @Field(() => Boolean, { description: "Whether the engine can reach the internet." })
  internet!: boolean;

  @Field(() => ResultState, { description: "How far the engine is." })
  state!: ResultState;

  @Field(() => EngineVerdict, {
    nullable: true,
    description: "Its verdict; null until it is DONE, and for an engine that has none.",
  })
  verdict!: EngineVerdict | null;

  @Field(() => String, { nullable: true, description: "The signature's name, for a detection." })
  signature!: string | null;

  @Field(() => String, { nullable: true, description: "Why it did not finish." })
  error!: string | null;

  @Field(() => ResultCause, {
    nullable: true,
    description:
      "The same for programs; null where nothing is known. Of a result that is DONE: why the engine did not look into all of the sample, as Yara does not into archives.",
  })
  cause!: ResultCause | null;

  @Field(() => [SuppressedSignature], {
    description:
      "What it found that is suppressed, each with the reason. An engine that tells only the first thing that it finds is UNSCANNED then: nobody knows whether it would have found more.",
  })
  suppressed!: readonly SuppressedSignature[];

  @Field(() => String, {
    nullable: true,
    description:
      "The cause in words for people, as what the engine did: `looked at the file itself, not into what is packed in it`; null without one.",
  })
  causeText!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Of a result that is waited for: why its engine works on no agent that has it; null while one can run it.",
  })
  fault!: string | null;

  @Field(() => EngineVersions, {
    description:
      "What the instance that scanned said of itself; null where it does not tell, and where that was changed during the scan so that nobody can know which one answered.",
  })
  versions!: EngineVersions;

  @Field(() => Boolean, {
    description:
      "It is an antivirus engine's, and the signatures were older than its manifest allows (7 days by default) when the engine ended. The verdict stays.",
  })
  stale!: boolean;

  @Field(() => ContainerImage, { nullable: true, description: "The image it ran in; null for an engine that is no container." })
  image!: ContainerImage | null;

  @Field(() => String, { nullable: true, description: "The agent that ran the engine." })
  agent!: string | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When the engine started." })
  startedAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When the result became final." })
  endedAt!: Date | null;

  @Field(() => Float, { nullable: true, description: "How long the engine ran, in milliseconds." })
  durationMs!: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The program's exit status, 128 + n if signal n ended it; null for an engine that is a daemon or part of the agent, and where none was known.",
  })
  exitCode!: number | null;

  @Field(() => ResultTimings, { description: "Where its time went." })
  timings!: ResultTimings;

  @Field(() => EngineSetup, {
    nullable: true,
    description: "How the engine was run; null where the agent does not say so.",
  })
  setup!: EngineSetup | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "The engine's own output, with its own keys." })
  details!: Record<string, unknown> | null;

  @Field(() => [ClosedMember], {
    description: "What the engine cannot look into in the sample, as far as its agent says so: at most 100 things.",
  })
  closed!: readonly ClosedMember[];

  @Field(() => Boolean, { description: "The details were too long and were cut." })
  truncated!: boolean;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description:
      "The number of the scan that the result was copied from (it may have been deleted since); null: the engine ran for this scan.",
  })
  reusedFrom!: number | null;
}
