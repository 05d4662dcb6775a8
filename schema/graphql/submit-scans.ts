import { GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, ID, InputType, ObjectType } from "type-graphql";
import { Batch } from "./batch.js";
import { ScanOptionsInput } from "./scan-options.js";
import { IdempotencyConflict, InvalidInput, MeshUnavailable, typeOfUserError, UserError } from "./user-error.js";

/** A stored sample of a batch. */
@InputType({ description: "A stored sample (exactly one of `sha256` and `uploadId`)." })
export class BatchSampleInput {
  @Field(() => String, { nullable: true, description: "Its sha256." })
  sha256?: string | null;

  @Field(() => ID, { nullable: true, description: "The id of an upload whose bytes have arrived." })
  uploadId?: string | null;

  @Field(() => String, { defaultValue: "sample", description: "The file name, for display; at most 1,024 characters." })
  name!: string;
}

/** Samples, and how all of them are to be scanned. */
@InputType({ description: "Stored samples, and how to scan them." })
export class SubmitScansInput extends ScanOptionsInput {
  @Field(() => [BatchSampleInput], { description: "1 to 100 samples; each gets a scan." })
  samples!: readonly BatchSampleInput[];

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description:
      "The number of a batch (`batchId`) to add the scans to; it takes 10,000. A sample that cannot be scanned is in `refused` then, and the others go on. Without it they are a batch of their own, all of them or none.",
  })
  batch?: number | null;
}

@ObjectType({ description: "The scans were accepted.", simpleResolvers: true })
export class SubmitScansSuccess {
  @Field(() => Batch, { description: "The scans." })
  batch!: Batch;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key created it." })
  replayed!: boolean;

  @Field(() => [UserError], {
    description:
      "The error of each sample that was not added to the batch, in their order; `path` names the sample. Empty without `batch`, and if `replayed`.",
  })
  refused!: readonly UserError[];
}

@ObjectType({ description: "A batch without scans.", simpleResolvers: true })
export class CreateBatchSuccess {
  @Field(() => Batch, { description: "The batch." })
  batch!: Batch;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key created it." })
  replayed!: boolean;
}

/** The batch, or an error that implements `UserError`. */
export const CreateBatchResult = createUnionType({
  name: "CreateBatchResult",
  description: "The batch, or an error that the caller can act on.",
  types: () => [CreateBatchSuccess, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? typeOfUserError(value.code) : "CreateBatchSuccess"),
});

@ObjectType({
  implements: UserError,
  description: "Samples that cannot be scanned. Nothing was accepted: a batch is accepted as a whole or not at all.",
  simpleResolvers: true,
})
export class SamplesRefused extends UserError {
  @Field(() => [UserError], { description: "The error of each of them, in their order; `path` names the sample." })
  errors!: readonly UserError[];
}

/** The batch, or an error that implements `UserError`. */
export const SubmitScansResult = createUnionType({
  name: "SubmitScansResult",
  description: "The accepted batch, or an error that the caller can act on.",
  types: () => [SubmitScansSuccess, SamplesRefused, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => {
    if (!("code" in value)) return "SubmitScansSuccess";
    return "errors" in value ? "SamplesRefused" : typeOfUserError(value.code);
  },
});
