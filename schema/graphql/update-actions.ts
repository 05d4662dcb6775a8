import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { SwitchWay } from "../bundle-presence.js";
import { UpdateRefusal } from "../update-states.js";
import { EngineUpdate } from "./engine-update.js";
import { UnknownEngine } from "./fleet-actions.js";
import { UpdatePolicy } from "./update-set.js";
import { InvalidInput, MeshUnavailable, UserError } from "./user-error.js";

registerEnumType(UpdateRefusal, {
  name: "UpdateRefusal",
  description: "Why a set is not updated.",
  valuesConfig: {
    NEWEST_ALREADY: { description: "It is to serve the newest bundle already." },
    NO_BUNDLE: { description: "There is no bundle." },
    NO_HOST: { description: "None of its agents takes bundles: it is updated by its hosts." },
    UNDERWAY: { description: "Hosts are changing now." },
    PAUSED: { description: "Its updates are paused." },
    ROLLED_BACK_BEFORE: { description: "The newest bundle was given up before: name it to try it again." },
  },
});

@InputType({ description: "Which engines to update." })
export class UpdateEnginesInput {
  @Field(() => [String], { nullable: true, description: "Their names; without it every engine of which there is a bundle." })
  engines?: string[] | null;

  @Field(() => String, { nullable: true, description: "One of their sets; without it all." })
  set?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The digest of the bundle to serve, with one engine alone; without it the newest of each set.",
  })
  bundle?: string | null;

  @Field(() => Boolean, { defaultValue: false, description: "Whether all hosts follow without a first one." })
  skipCanary!: boolean;
}

@InputType({ description: "How the bundles of a set come to its engine. What is left out stays." })
export class UpdatePolicyInput {
  @Field(() => String, { description: "The engine." })
  engine!: string;

  @Field(() => String, { defaultValue: "main", description: "The set." })
  set!: string;

  @Field(() => Boolean, { nullable: true, description: "Whether what is fetched is served without being asked for." })
  automatic?: boolean | null;

  @Field(() => Int, { nullable: true, description: "Seconds between two looks at the source: an hour to 30 days." })
  checkEverySeconds?: number | null;

  @Field(() => Int, { nullable: true, description: "Minute of the day (UTC) from which such updates begin; null: at any time." })
  windowFrom?: number | null;

  @Field(() => Int, { nullable: true, description: "Minute of the day (UTC) until which they do; both or none." })
  windowTo?: number | null;

  @Field(() => SwitchWay, { nullable: true, description: "How a new version takes the old one's place." })
  switch?: keyof typeof SwitchWay | null;
}

@ObjectType({ description: "A set that is not updated.", simpleResolvers: true })
export class RefusedUpdate {
  @Field(() => String, { description: "The engine." })
  engine!: string;

  @Field(() => String, { description: "The set." })
  set!: string;

  @Field(() => UpdateRefusal, { description: "Why, for programs." })
  refusal!: UpdateRefusal;

  @Field(() => String, { description: "Why, for people." })
  message!: string;
}

@ObjectType({ description: "What is updated, and what is not.", simpleResolvers: true })
export class UpdateEnginesSuccess {
  @Field(() => [EngineUpdate], { description: "The updates that were entered." })
  updates!: readonly EngineUpdate[];

  @Field(() => [RefusedUpdate], { description: "Sets that are not updated." })
  refused!: readonly RefusedUpdate[];

  @Field(() => [String], { description: "Engines at whose sources a fetcher looks now." })
  asked!: readonly string[];
}

@ObjectType({ description: "The update, as it is now.", simpleResolvers: true })
export class EngineUpdateSuccess {
  @Field(() => EngineUpdate, { description: "The update." })
  update!: EngineUpdate;
}

@ObjectType({ description: "The engines whose updates were paused or resumed.", simpleResolvers: true })
export class PauseUpdatesSuccess {
  @Field(() => [String], { description: "Their names." })
  engines!: readonly string[];

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Until when they are paused; null: until they are resumed." })
  until!: Date | null;
}

@ObjectType({ description: "The policy, as it is now.", simpleResolvers: true })
export class SetUpdatePolicySuccess {
  @Field(() => UpdatePolicy, { description: "The policy." })
  policy!: UpdatePolicy;
}

@ObjectType({ implements: UserError, description: "There is no such update, bundle or engine.", simpleResolvers: true })
export class UnknownUpdate extends UserError {}

function answerOf(success: string, unknown: string) {
  return (value: object): string => {
    if (!("code" in value)) return success;
    if (value.code === "NOT_FOUND") return unknown;
    return value.code === "BAD_INPUT" ? "InvalidInput" : "MeshUnavailable";
  };
}

/** What is updated, or what is wrong with the input. */
export const UpdateEnginesResult = createUnionType({
  name: "UpdateEnginesResult",
  description: "What is updated, or an error that the caller can act on.",
  types: () => [UpdateEnginesSuccess, UnknownUpdate, InvalidInput, MeshUnavailable] as const,
  resolveType: answerOf("UpdateEnginesSuccess", "UnknownUpdate"),
});

/** The update, or what is wrong. */
export const EngineUpdateResult = createUnionType({
  name: "EngineUpdateResult",
  description: "The update, or an error that the caller can act on.",
  types: () => [EngineUpdateSuccess, UnknownUpdate, InvalidInput, MeshUnavailable] as const,
  resolveType: answerOf("EngineUpdateSuccess", "UnknownUpdate"),
});

/** The engines, or what is wrong. */
export const PauseUpdatesResult = createUnionType({
  name: "PauseUpdatesResult",
  description: "The engines, or an error that the caller can act on.",
  types: () => [PauseUpdatesSuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: answerOf("PauseUpdatesSuccess", "UnknownEngine"),
});

/** The policy, or what is wrong. */
export const SetUpdatePolicyResult = createUnionType({
  name: "SetUpdatePolicyResult",
  description: "The policy, or an error that the caller can act on.",
  types: () => [SetUpdatePolicySuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: answerOf("SetUpdatePolicySuccess", "UnknownEngine"),
});
