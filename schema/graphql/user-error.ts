import { Field, Int, InterfaceType, ObjectType } from "type-graphql";
import { UserErrorCode } from "./enums.js";

/** What the caller of a mutation can do something about; returned, not thrown. */
@InterfaceType({
  description: "An error that the caller of a mutation can act on. Faults of the mesh itself are GraphQL errors instead.",
  resolveType: (error: UserError) => typeOfUserError(error.code),
})
export abstract class UserError {
  @Field(() => String, { description: "What went wrong, for people." })
  message!: string;

  @Field(() => UserErrorCode, { description: "What went wrong, for programs." })
  code!: UserErrorCode;

  @Field(() => [String], { description: "The input that is wrong, as a path from the arguments of the mutation." })
  path!: readonly string[];
}

@ObjectType({ implements: UserError, description: "An input is invalid or too large.", simpleResolvers: true })
export class InvalidInput extends UserError {}

@ObjectType({ implements: UserError, description: "There is no such sample or upload.", simpleResolvers: true })
export class SampleUnavailable extends UserError {}

@ObjectType({ implements: UserError, description: "The mesh cannot take the scan now.", simpleResolvers: true })
export class MeshUnavailable extends UserError {
  @Field(() => Int, { nullable: true, description: "Seconds after which to try again." })
  retryAfter!: number | null;
}

@ObjectType({
  implements: UserError,
  description: "The idempotency key was used for another input within the last 24 hours.",
  simpleResolvers: true,
})
export class IdempotencyConflict extends UserError {}

const TYPES = {
  BAD_INPUT: "InvalidInput",
  TOO_LARGE: "InvalidInput",
  NOT_FOUND: "SampleUnavailable",
  SAMPLE_NOT_STORED: "SampleUnavailable",
  UPLOAD_EXPIRED: "SampleUnavailable",
  UNAVAILABLE: "MeshUnavailable",
  STORAGE_FULL: "MeshUnavailable",
  IDEMPOTENCY_CONFLICT: "IdempotencyConflict",
} as const satisfies Record<UserErrorCode, string>;

/** The name of the object type that carries errors of this code. */
export function typeOfUserError(code: UserErrorCode): string {
  return TYPES[code];
}
