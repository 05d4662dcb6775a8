import { GraphQLDateTimeISO, GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, Float, InputType, Int, ObjectType } from "type-graphql";
import { UnknownAgent } from "./fleet-actions.js";
import { InvalidInput, MeshUnavailable, typeOfUserError, type UserError } from "./user-error.js";

@ObjectType({ description: "How much an engine may use on an agent.", simpleResolvers: true })
export class EngineLimits {
  @Field(() => Int, { description: "How many samples it scans at once." })
  slots!: number;

  @Field(() => Int, { description: "The longest it may work on one sample, in milliseconds." })
  timeoutMs!: number;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: "Bytes of memory of its container or its program; null if it has no such limit.",
  })
  memory!: number | null;

  @Field(() => Float, { nullable: true, description: "Processors of its container; null if it has no such limit." })
  cpus!: number | null;
}

@ObjectType({
  description: "What the mesh sets of an engine of an agent. What is null is the host's own.",
  simpleResolvers: true,
})
export class EngineSettings {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => Boolean, { nullable: true, description: "Whether it runs there." })
  enabled?: boolean | null | undefined;

  @Field(() => Int, { nullable: true, description: "How many samples it scans at once." })
  slots?: number | null | undefined;

  @Field(() => Int, { nullable: true, description: "The longest it may work on one sample, in milliseconds." })
  timeoutMs?: number | null | undefined;

  @Field(() => GraphQLSafeInt, { nullable: true, description: "Bytes of memory of its container or its program." })
  memory?: number | null | undefined;

  @Field(() => Float, { nullable: true, description: "Processors of its container, e.g. 0.5." })
  cpus?: number | null | undefined;
}

@InputType({
  description: "What to set of an engine of an agent, as a whole: what is left out or null is the host's own again.",
})
export class EngineSettingsInput {
  @Field(() => String, { description: "The engine's name." })
  engine!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: "False: it does not run there. True: it does, unless the host's own settings leave it out.",
  })
  enabled?: boolean | null | undefined;

  @Field(() => Int, { nullable: true, description: "How many samples it scans at once: 1 to 256." })
  slots?: number | null | undefined;

  @Field(() => Int, {
    nullable: true,
    description: "The longest it may work on one sample, in milliseconds: 100 to 3600000.",
  })
  timeoutMs?: number | null | undefined;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: "Bytes of memory of its container or its program, at least 16777216.",
  })
  memory?: number | null | undefined;

  @Field(() => Float, { nullable: true, description: "Processors of its container, at least 0.05." })
  cpus?: number | null | undefined;
}

@ObjectType({ description: "What the mesh sets of the engines of an agent.", simpleResolvers: true })
export class AgentSettings {
  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => [EngineSettings], { description: "The engines of which something is set, by name." })
  engines!: readonly EngineSettings[];

  @Field(() => GraphQLDateTimeISO, { description: "When it was changed last." })
  changedAt!: Date;

  @Field(() => Int, {
    nullable: true,
    description: "Minute of the day (UTC) from which its engines follow updates; null: at any time.",
  })
  windowFrom!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Minute of the day (UTC) until which they do; before `windowFrom`: of the next day.",
  })
  windowTo!: number | null;
}

@ObjectType({
  description:
    "It is stored, and the agent was told, or will be when it is back; `AgentSettings.applied` shows when it is followed.",
  simpleResolvers: true,
})
export class UpdateAgentSettingsSuccess {
  @Field(() => AgentSettings, { description: "The settings of the agent now." })
  agentSettings!: AgentSettings;
}

/** The settings, or an error that implements `UserError`. */
export const UpdateAgentSettingsResult = createUnionType({
  name: "UpdateAgentSettingsResult",
  description: "The settings of the agent, or an error that the caller can act on.",
  types: () => [UpdateAgentSettingsSuccess, UnknownAgent, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => {
    if (!("code" in value)) return "UpdateAgentSettingsSuccess";
    const { code } = value as UserError;
    return code === "NOT_FOUND" ? "UnknownAgent" : typeOfUserError(code);
  },
});
