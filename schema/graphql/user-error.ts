import { Field, Int, InterfaceType, ObjectType, registerEnumType } from "type-graphql";

/** Codes of {@link UserError}; the gateway's own codes for what a caller can do something about. */
export const UserErrorCode = {
  BAD_INPUT: "BAD_INPUT",
  NOT_FOUND: "NOT_FOUND",
  SAMPLE_NOT_STORED: "SAMPLE_NOT_STORED",
  UPLOAD_EXPIRED: "UPLOAD_EXPIRED",
  TOO_LARGE: "TOO_LARGE",
  UNAVAILABLE: "UNAVAILABLE",
  STORAGE_FULL: "STORAGE_FULL",
  IDEMPOTENCY_CONFLICT: "IDEMPOTENCY_CONFLICT",
} as const;
export type UserErrorCode = keyof typeof UserErrorCode;
registerEnumType(UserErrorCode, {
  name: "UserErrorCode",
  description: "What went wrong, for programs.",
  valuesConfig: {
    BAD_INPUT: { description: "An input is invalid; `path` names it." },
    NOT_FOUND: { description: "There is no such sample or upload." },
    SAMPLE_NOT_STORED: { description: "The sample is known but its bytes are no longer stored: send them again." },
    UPLOAD_EXPIRED: { description: "The upload has expired: create another." },
    TOO_LARGE: { description: "The sample is larger than this way of sending it allows." },
    UNAVAILABLE: { description: "The mesh cannot take scans now; try again after `retryAfter` seconds." },
    STORAGE_FULL: { description: "There is no space for the sample." },
    IDEMPOTENCY_CONFLICT: { description: "The idempotency key was used for another input." },
  },
});

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
