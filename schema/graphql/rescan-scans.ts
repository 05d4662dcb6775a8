import { GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, InputType, ObjectType } from "type-graphql";
import { Batch } from "./batch.js";
import { Priority } from "./classes.js";
import { IDEMPOTENCY_KEY_DESCRIPTION } from "./rescan.js";
import { ScanFilter } from "./scan-filter.js";
import { IdempotencyConflict, InvalidInput, MeshUnavailable, typeOfUserError, UserError } from "./user-error.js";

/** Which scans are repeated, given in exactly one of two ways. */
@InputType({ description: "Which scans to repeat (exactly one of `ids` and `filter`). Each keeps its options but the priority." })
export class RescanScansInput {
  @Field(() => [GraphQLSafeInt], { nullable: true, description: "The numbers of 1 to 100 scans (`scanId`)." })
  ids?: readonly number[] | null;

  @Field(() => ScanFilter, { nullable: true, description: "The newest 100 scans that match, as `scans` lists them." })
  filter?: ScanFilter | null;

  @Field(() => Priority, { defaultValue: Priority.BULK, description: "Whether other scans run first." })
  priority!: Priority;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY_DESCRIPTION })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "A scan that was not repeated.", simpleResolvers: true })
export class RefusedScan {
  @Field(() => GraphQLSafeInt, { description: "Its number." })
  scanId!: number;

  @Field(() => UserError, { description: "Why." })
  error!: UserError;
}

@ObjectType({ description: "What was scanned again, and what was not.", simpleResolvers: true })
export class RescanScansSuccess {
  @Field(() => Batch, { nullable: true, description: "The new scans; null if there are none." })
  batch!: Batch | null;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key created it." })
  replayed!: boolean;

  @Field(() => [RefusedScan], { description: "The scans that were not repeated, in their order; not told again if `replayed`." })
  refused!: readonly RefusedScan[];

  @Field(() => Boolean, { description: "Whether the filter matches more than 100 scans; not told again if `replayed`." })
  more!: boolean;
}

/** The new scans, or an error that implements `UserError`. */
export const RescanScansResult = createUnionType({
  name: "RescanScansResult",
  description: "The new scans, or an error that the caller can act on.",
  types: () => [RescanScansSuccess, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? typeOfUserError(value.code) : "RescanScansSuccess"),
});
