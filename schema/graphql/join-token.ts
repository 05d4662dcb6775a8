import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { JoinMethod } from "../join-lines.js";
import { InternetClassName } from "./classes.js";
import { InvalidInput, UserError } from "./user-error.js";

registerEnumType(JoinMethod, {
  name: "JoinMethod",
  description: "How a host gets the agent that joins.",
  valuesConfig: {
    CLONE: { description: "A clone of ScanMesh, in which the line is run." },
    DOCKER: { description: "The agent's image, on a host with Docker." },
    SCRIPT: { description: "A bare host, which fetches a script and the agent from the gateway." },
  },
});

@ObjectType({ description: "A line to run on the host, which holds the token's text.", simpleResolvers: true })
export class JoinLine {
  @Field(() => JoinMethod, { description: "What the host needs for it." })
  method!: JoinMethod;

  @Field(() => String, { description: "The whole line, for a shell." })
  text!: string;
}

@ObjectType({ description: "Attempts of a host to join that were refused, for one reason.", simpleResolvers: true })
export class JoinRefusal {
  @Field(() => String, { description: "Why, for programs: one of the codes of joining, such as `CLOCK_OFF`." })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: "The host, as it calls itself; null if it has not proven that it has the token.",
  })
  host!: string | null;

  @Field(() => String, { nullable: true, description: "The name that its agent was to have; null: one made of the host's." })
  agent!: string | null;

  @Field(() => Int, { description: "How often it was refused for this reason." })
  attempts!: number;

  @Field(() => GraphQLDateTimeISO, { description: "When it was refused last." })
  at!: string;
}

@ObjectType({ description: "A token by which hosts join. Its text is shown once, when it is created.", simpleResolvers: true })
export class JoinToken {
  @Field(() => ID, { description: "Names the token; it is not secret." })
  id!: string;

  @Field(() => InternetClassName, { description: "The class of the agents that join by it." })
  class!: InternetClass;

  @Field(() => String, { nullable: true, description: "The names that they may take, `*` for any characters; null: any name." })
  namePattern!: string | null;

  @Field(() => Boolean, { description: "Whether agents that joined by it are forgotten 10 minutes after they are gone." })
  ephemeral!: boolean;

  @Field(() => Int, { nullable: true, description: "How many agents may join by it; null: no limit." })
  uses!: number | null;

  @Field(() => Int, { description: "How many have joined by it." })
  used!: number;

  @Field(() => [String], { description: "The agents that joined by it, the latest first." })
  agents!: readonly string[];

  @Field(() => [JoinRefusal], {
    description: "The latest refusals of hosts that have not joined by it since, ten at most; the latest first.",
  })
  refusals!: readonly JoinRefusal[];

  @Field(() => GraphQLDateTimeISO, { description: "When it was created." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it expires; null: never." })
  expiresAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it was revoked." })
  revokedAt!: Date | null;
}

@ObjectType({ description: "The token was created.", simpleResolvers: true })
export class CreateJoinTokenSuccess {
  @Field(() => JoinToken, { description: "The token." })
  joinToken!: JoinToken;

  @Field(() => String, { description: "The token's text, `smj1_…`, for `npm run agent -- join`: it is not shown again." })
  text!: string;

  @Field(() => [JoinLine], { description: "Lines with this text, one for each way in which a host can join this mesh." })
  lines!: readonly JoinLine[];
}

@ObjectType({ description: "The token was revoked; agents that have joined by it stay.", simpleResolvers: true })
export class RevokeJoinTokenSuccess {
  @Field(() => JoinToken, { description: "The token." })
  joinToken!: JoinToken;
}

@ObjectType({ implements: UserError, description: "There is no such join token.", simpleResolvers: true })
export class UnknownJoinToken extends UserError {}

/** The token, or what is wrong with the input. */
export const CreateJoinTokenResult = createUnionType({
  name: "CreateJoinTokenResult",
  description: "The new token, or what is wrong with the input.",
  types: () => [CreateJoinTokenSuccess, InvalidInput] as const,
  resolveType: (value) => ("code" in value ? "InvalidInput" : "CreateJoinTokenSuccess"),
});

/** The revoked token, or that there is none. */
export const RevokeJoinTokenResult = createUnionType({
  name: "RevokeJoinTokenResult",
  description: "The revoked token, or an error if there is none.",
  types: () => [RevokeJoinTokenSuccess, UnknownJoinToken] as const,
  resolveType: (value) => ("code" in value ? "UnknownJoinToken" : "RevokeJoinTokenSuccess"),
});
