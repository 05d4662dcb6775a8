import { createUnionType, Field, InputType, Int, ObjectType } from "type-graphql";
import { Speed } from "./classes.js";
import { LabelInput } from "./scan-options.js";
import { Scan } from "./scan.js";
import { IdempotencyConflict, InvalidInput, MeshUnavailable, SampleUnavailable } from "./user-error.js";
import { typeOfScanAnswer, UnknownScan } from "./withdraw.js";

/** What an idempotency key is to a mutation that repeats. */
export const IDEMPOTENCY_KEY_DESCRIPTION =
  "1 to 255 printable ASCII characters. The same call with the same key within 24 hours returns the first scan, whatever happened to it since; any other call with that key is an IDEMPOTENCY_CONFLICT, also `submitScan` of the same sample. Each API key has idempotency keys of its own.";

/** What a repeated scan has otherwise than the first. */
@InputType({ description: "Options of a repeated scan that differ from the first; the others stay as they were." })
export class RescanInput {
  @Field(() => Speed, { nullable: true, description: "The slowest class of engines allowed, inclusive." })
  speed?: Speed | null;

  @Field(() => Boolean, { nullable: true, description: "Whether engines that can reach the internet may take part." })
  internet?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: "Names of the only engines to run, regardless of case; replaces the whole choice of engines.",
  })
  engines?: readonly string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Names of engines to leave out, regardless of case; replaces the whole choice of engines.",
  })
  excludeEngines?: readonly string[] | null;

  @Field(() => Int, { nullable: true, description: "Seconds after which the scan is final in any case: 10 to 86,400." })
  deadline?: number | null;

  @Field(() => [LabelInput], {
    nullable: true,
    description: "Labels to find the new scan by, at most 32; they replace all labels of the first scan.",
  })
  labels?: readonly LabelInput[] | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY_DESCRIPTION })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "A new scan of the same sample was accepted.", simpleResolvers: true })
export class RescanSuccess {
  @Field(() => Scan, { description: "The new scan." })
  scan!: Scan;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key created it." })
  replayed!: boolean;
}

@ObjectType({
  description: "A new scan was accepted that runs one engine and copies the other results.",
  simpleResolvers: true,
})
export class RetryResultSuccess {
  @Field(() => Scan, { description: "The new scan." })
  scan!: Scan;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key created it." })
  replayed!: boolean;
}

/** The new scan, or an error that implements `UserError`. */
export const RescanResult = createUnionType({
  name: "RescanResult",
  description: "The new scan, or an error that the caller can act on.",
  types: () => [RescanSuccess, UnknownScan, SampleUnavailable, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "RescanSuccess"),
});

/** The new scan, or an error that implements `UserError`. */
export const RetryResultResult = createUnionType({
  name: "RetryResultResult",
  description: "The new scan, or an error that the caller can act on.",
  types: () => [RetryResultSuccess, UnknownScan, SampleUnavailable, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "RetryResultSuccess"),
});
