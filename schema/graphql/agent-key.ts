import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, ObjectType, registerEnumType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { AgentKeyState } from "../join-messages.js";
import { InternetClassName } from "./classes.js";
import { UnknownAgent } from "./fleet-actions.js";
import { InvalidInput, MeshUnavailable, typeOfUserError, type UserError } from "./user-error.js";

registerEnumType(AgentKeyState, {
  name: "AgentKeyState",
  description: "What the mesh makes of an agent's key.",
  valuesConfig: {
    WAITING: { description: "An agent of this name has joined with another key: `acceptAgent` gives the name to this one." },
    JOINED: { description: "The agent is let in." },
    REVOKED: { description: "The agent is let in nowhere." },
  },
});

@ObjectType({
  description: "The key of an agent that has joined. Its secret part is on the agent's host alone.",
  simpleResolvers: true,
})
export class AgentKey {
  @Field(() => ID, { description: "The public key." })
  publicKey!: string;

  @Field(() => String, { description: "The agent's own name." })
  agent!: string;

  @Field(() => InternetClassName, { description: "Whether its engines can reach the internet." })
  class!: InternetClass;

  @Field(() => AgentKeyState, { description: "Whether the agent is let in." })
  state!: AgentKeyState;

  @Field(() => Boolean, { description: "Whether it is forgotten 10 minutes after the agent is gone." })
  ephemeral!: boolean;

  @Field(() => String, { description: "The host that it joined from, as that calls itself." })
  host!: string;

  @Field(() => String, { description: "The agent's version when it last renewed." })
  version!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it joined." })
  joinedAt!: Date;

  @Field(() => GraphQLDateTimeISO, { description: "When it last joined or renewed." })
  renewedAt!: Date;

  @Field(() => GraphQLDateTimeISO, {
    nullable: true,
    description: "When a second agent with this key was last seen: its data folder was copied. Null: never.",
  })
  clonedAt!: Date | null;
}

@ObjectType({ description: "The agent's name belongs to this key.", simpleResolvers: true })
export class AcceptAgentSuccess {
  @Field(() => AgentKey, { description: "The key." })
  agentKey!: AgentKey;
}

@ObjectType({ description: "The agent is cut off within 5 seconds, and let in nowhere.", simpleResolvers: true })
export class RevokeAgentSuccess {
  @Field(() => AgentKey, { description: "The key." })
  agentKey!: AgentKey;
}

/** The key, or an error that implements `UserError`. */
export const AcceptAgentResult = createUnionType({
  name: "AcceptAgentResult",
  description: "The key that was accepted, or an error that the caller can act on.",
  types: () => [AcceptAgentSuccess, UnknownAgent, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "AcceptAgentSuccess"),
});

/** The key, or an error that implements `UserError`. */
export const RevokeAgentResult = createUnionType({
  name: "RevokeAgentResult",
  description: "The key that was revoked, or an error that the caller can act on.",
  types: () => [RevokeAgentSuccess, UnknownAgent, MeshUnavailable] as const,
  resolveType: (value) => typeOfAnswer(value, "RevokeAgentSuccess"),
});

function typeOfAnswer(value: object, success: string): string {
  if (!("code" in value)) return success;
  const { code } = value as UserError;
  return code === "NOT_FOUND" ? "UnknownAgent" : typeOfUserError(code);
}
