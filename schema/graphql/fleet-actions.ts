import { createUnionType, Field, ObjectType } from "type-graphql";
import { Engine } from "./engine.js";
import { AgentState } from "./enums.js";
import { InvalidInput, MeshUnavailable, typeOfUserError, UserError } from "./user-error.js";

@ObjectType({ implements: UserError, description: "No engine of the mesh has this name.", simpleResolvers: true })
export class UnknownEngine extends UserError {}

@ObjectType({ implements: UserError, description: "No such agent is there.", simpleResolvers: true })
export class UnknownAgent extends UserError {}

@ObjectType({ description: "Scans that are accepted from now on follow it.", simpleResolvers: true })
export class SetEngineEnabledSuccess {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;
}

/** The engine, or an error that implements `UserError`. */
export const SetEngineEnabledResult = createUnionType({
  name: "SetEngineEnabledResult",
  description: "The engine, or what the caller can do something about.",
  types: () => [SetEngineEnabledSuccess, UnknownEngine, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "SetEngineEnabledSuccess", "UnknownEngine"),
});

@ObjectType({ description: "The mesh has the engine as its agents announce it.", simpleResolvers: true })
export class AcceptEngineChangeSuccess {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;
}

/** The engine, or an error that implements `UserError`. */
export const AcceptEngineChangeResult = createUnionType({
  name: "AcceptEngineChangeResult",
  description: "The engine, or what the caller can do something about.",
  types: () => [AcceptEngineChangeSuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "AcceptEngineChangeSuccess", "UnknownEngine"),
});

@ObjectType({ description: "Agents test the engine now.", simpleResolvers: true })
export class SelfTestEngineSuccess {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => [String], {
    description: "The agents that were told. What comes of it is in their `engines`: `healthy`, `reason` and `testedAt`.",
  })
  agents!: readonly string[];
}

/** The agents that were told, or an error that implements `UserError`. */
export const SelfTestEngineResult = createUnionType({
  name: "SelfTestEngineResult",
  description: "The agents that test the engine, or what the caller can do something about.",
  types: () => [SelfTestEngineSuccess, UnknownEngine, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "SelfTestEngineSuccess", "UnknownEngine"),
});

@ObjectType({ description: "The agent was told; its own `state` says when it has heard.", simpleResolvers: true })
export class AgentOrderSuccess {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => AgentState, { description: "What it is to be until somebody says otherwise, restarts of it included." })
  state!: keyof typeof AgentState;
}

/** What the agent is to be, or an error that implements `UserError`. */
export const AgentOrderResult = createUnionType({
  name: "AgentOrderResult",
  description: "What the agent is to be, or what the caller can do something about.",
  types: () => [AgentOrderSuccess, UnknownAgent, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "AgentOrderSuccess", "UnknownAgent"),
});

function typeOfAnswer(value: object, success: string, unknown: string): string {
  if (!("code" in value)) return success;
  const { code } = value as UserError;
  return code === "NOT_FOUND" ? unknown : typeOfUserError(code);
}
