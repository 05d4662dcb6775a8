import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, ObjectType } from "type-graphql";
import { PageInfo } from "./page-info.js";
import { InvalidInput, UserError } from "./user-error.js";

@ObjectType({
  description: "A signature that counts for nothing, because an operator knows that it is wrong, or that did so until it ended.",
  simpleResolvers: true,
})
export class Suppression {
  @Field(() => ID, { description: "Names it." })
  id!: number;

  @Field(() => String, { nullable: true, description: "The engine whose signature it is; null: every engine's of that name." })
  engine!: string | null;

  @Field(() => String, { description: "The signature's name, without the `.UNOFFICIAL` that ClamAV adds to some." })
  signature!: string;

  @Field(() => String, { description: "Why, as reports show it." })
  reason!: string;

  @Field(() => GraphQLDateTimeISO, { description: "Since when it is suppressed." })
  createdAt!: Date;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "When it counts again by itself; null: never." })
  expiresAt!: Date | null;

  @Field(() => GraphQLDateTimeISO, { nullable: true, description: "Since when it counts again; null: it does not." })
  endedAt!: Date | null;
}

@ObjectType({ description: "A suppressed signature in a list.", simpleResolvers: true })
export class SuppressionEdge {
  @Field(() => String, { description: "The position in the list, for `after`." })
  cursor!: string;

  @Field(() => Suppression, { description: "The suppressed signature." })
  node!: Suppression;
}

@ObjectType({ description: "A page of suppressed signatures.", simpleResolvers: true })
export class SuppressionConnection {
  @Field(() => [SuppressionEdge], { description: "Those of this page with their cursors." })
  edges!: readonly SuppressionEdge[];

  @Field(() => [Suppression], { description: "Those of this page." })
  nodes!: readonly Suppression[];

  @Field(() => PageInfo, { description: "Where this page begins and ends." })
  pageInfo!: PageInfo;
}

@ObjectType({ description: "Something that an engine found and that is suppressed.", simpleResolvers: true })
export class SuppressedSignature {
  @Field(() => String, { description: "The signature's name, as the engine reports it." })
  signature!: string;

  @Field(() => String, { description: "Why it was suppressed when the result was recorded." })
  reason!: string;
}

@ObjectType({ description: "The signature counts for nothing from now on.", simpleResolvers: true })
export class SuppressSignatureSuccess {
  @Field(() => Suppression, { description: "The suppressed signature." })
  suppression!: Suppression;
}

@ObjectType({ description: "The signature counts again.", simpleResolvers: true })
export class LiftSuppressionSuccess {
  @Field(() => Suppression, { description: "As it is now." })
  suppression!: Suppression;
}

@ObjectType({ implements: UserError, description: "There is no such suppressed signature.", simpleResolvers: true })
export class UnknownSuppression extends UserError {}

/** The suppressed signature, or what is wrong with the input. */
export const SuppressSignatureResult = createUnionType({
  name: "SuppressSignatureResult",
  description: "The suppressed signature, or what is wrong with the input.",
  types: () => [SuppressSignatureSuccess, InvalidInput] as const,
  resolveType: (value) => ("code" in value ? "InvalidInput" : "SuppressSignatureSuccess"),
});

/** The signature that counts again, or that there is none. */
export const LiftSuppressionResult = createUnionType({
  name: "LiftSuppressionResult",
  description: "The signature that counts again, or an error if there is none.",
  types: () => [LiftSuppressionSuccess, UnknownSuppression] as const,
  resolveType: (value) => ("code" in value ? "UnknownSuppression" : "LiftSuppressionSuccess"),
});
