import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, Int, ObjectType } from "type-graphql";
import type { InternetClass } from "../classes.js";
import { InternetClassName } from "./enums.js";
import { InvalidInput, UserError } from "./user-error.js";

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
