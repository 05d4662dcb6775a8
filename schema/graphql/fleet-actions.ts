import { createUnionType, Field, ObjectType } from "type-graphql";
import { Engine } from "./engine.js";
import { AgentState } from "./states.js";
import { InvalidInput, MeshUnavailable, typeOfUserError, UserError } from "./user-error.js";

@ObjectType({ implements: UserError, description: "There is no engine with this name.", simpleResolvers: true })
export class UnknownEngine extends UserError {}

@ObjectType({ implements: UserError, description: "There is no such agent.", simpleResolvers: true })
export class UnknownAgent extends UserError {}

@ObjectType({ description: "It applies to scans that are accepted from now on.", simpleResolvers: true })
export class SetEngineEnabledSuccess {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;
}

/** The engine, or an error that implements `UserError`. */
export const SetEngineEnabledResult = createUnionType({
  name: "SetEngineEnabledResult",
  description: "The engine, or an error that the caller can act on.",
  types: () => [SetEngineEnabledSuccess, UnknownEngine, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "SetEngineEnabledSuccess", "UnknownEngine"),
});

@ObjectType({ description: "The catalogue has the engine as its agents announce it.", simpleResolvers: true })
export class AcceptEngineChangeSuccess {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;
}

/** The engine, or an error that implements `UserError`. */
export const AcceptEngineChangeResult = createUnionType({
  name: "AcceptEngineChangeResult",
  description: "The engine, or an error that the caller can act on.",
  types: () => [AcceptEngineChangeSuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "AcceptEngineChangeSuccess", "UnknownEngine"),
});

@ObjectType({ description: "Agents are testing the engine.", simpleResolvers: true })
export class SelfTestEngineSuccess {
  @Field(() => Engine, { description: "The engine." })
  engine!: Engine;

  @Field(() => [String], {
    description: "The agents that test it. Their `engines` show the outcome: `healthy`, `reason` and `testedAt`.",
  })
  agents!: readonly string[];
}

/** The agents that were told, or an error that implements `UserError`. */
export const SelfTestEngineResult = createUnionType({
  name: "SelfTestEngineResult",
  description: "The agents that are testing the engine, or an error that the caller can act on.",
  types: () => [SelfTestEngineSuccess, UnknownEngine, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "SelfTestEngineSuccess", "UnknownEngine"),
});

@ObjectType({
  description: "The order was sent to the agent; its own `state` shows when it takes effect.",
  simpleResolvers: true,
})
export class AgentOrderSuccess {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => AgentState, {
    description: "The ordered state. It holds until the next order, also after a restart of the agent.",
  })
  state!: keyof typeof AgentState;
}

/** What the agent is to be, or an error that implements `UserError`. */
export const AgentOrderResult = createUnionType({
  name: "AgentOrderResult",
  description: "The state ordered for the agent, or an error that the caller can act on.",
  types: () => [AgentOrderSuccess, UnknownAgent, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "AgentOrderSuccess", "UnknownAgent"),
});

@ObjectType({ description: "The mesh no longer knows the agent.", simpleResolvers: true })
export class RemoveAgentSuccess {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => [String], { description: "The engines that no other agent has: scans do not wait for them any more." })
  engines!: readonly string[];
}

/** What was removed with the agent, or an error that implements `UserError`. */
export const RemoveAgentResult = createUnionType({
  name: "RemoveAgentResult",
  description: "What was removed with the agent, or an error that the caller can act on.",
  types: () => [RemoveAgentSuccess, UnknownAgent, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "RemoveAgentSuccess", "UnknownAgent"),
});

@ObjectType({ description: "The engine is not in the catalogue any more. Results that name it stay.", simpleResolvers: true })
export class RemoveEngineSuccess {
  @Field(() => String, { description: "The engine's name." })
  name!: string;
}

/** The engine's name, or an error that implements `UserError`. */
export const RemoveEngineResult = createUnionType({
  name: "RemoveEngineResult",
  description: "The engine that was removed, or an error that the caller can act on.",
  types: () => [RemoveEngineSuccess, UnknownEngine, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "RemoveEngineSuccess", "UnknownEngine"),
});

function typeOfAnswer(value: object, success: string, unknown: string): string {
  if (!("code" in value)) return success;
  const { code } = value as UserError;
  return code === "NOT_FOUND" ? unknown : typeOfUserError(code);
}
