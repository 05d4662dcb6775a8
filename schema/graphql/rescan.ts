import { createUnionType, Field, InputType, Int, ObjectType } from "type-graphql";
import { Speed } from "./enums.js";
import { LabelInput } from "./scan-options.js";
import { Scan } from "./scan.js";
import { IdempotencyConflict, InvalidInput, MeshUnavailable, SampleUnavailable } from "./user-error.js";
import { typeOfScanAnswer, UnknownScan } from "./withdraw.js";

/** What an idempotency key is to a mutation that repeats. */
export const IDEMPOTENCY_KEY_DESCRIPTION =
  "1 to 255 printable ASCII characters. Sent again within 24 hours, the same call with the same key gives the scan that it gave first, " +
  "whatever has become of the former; another call is IDEMPOTENCY_CONFLICT, `submitScan` of the same sample as well. Keys of one API key are its own.";

/** What a repeated scan has otherwise than the first. */
@InputType({ description: "What a repeated scan has otherwise than the first; what is left out stays as it was." })
export class RescanInput {
  @Field(() => Speed, { nullable: true, description: "The slowest class of engines allowed, inclusive." })
  speed?: Speed | null;

  @Field(() => Boolean, { nullable: true, description: "Whether engines that can reach the internet may take part." })
  internet?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: "Names of the engines to ask, without regard to case; takes the place of the whole choice.",
  })
  engines?: readonly string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Names of engines that are not asked, without regard to case; takes the place of the whole choice.",
  })
  excludeEngines?: readonly string[] | null;

  @Field(() => Int, { nullable: true, description: "Seconds after which the scan is final, whatever happens: 10 to 86,400." })
  deadline?: number | null;

  @Field(() => [LabelInput], {
    nullable: true,
    description: "Labels to find the new scan by, 32 at most; they take the place of all that the scan had.",
  })
  labels?: readonly LabelInput[] | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY_DESCRIPTION })
  idempotencyKey?: string | null;
}

@ObjectType({ description: "A new scan of the same sample was accepted.", simpleResolvers: true })
export class RescanSuccess {
  @Field(() => Scan, { description: "The new scan." })
  scan!: Scan;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key made it." })
  replayed!: boolean;
}

@ObjectType({
  description: "A new scan was accepted that runs one engine and has the other results of the former.",
  simpleResolvers: true,
})
export class RetryResultSuccess {
  @Field(() => Scan, { description: "The new scan." })
  scan!: Scan;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key made it." })
  replayed!: boolean;
}

/** The new scan, or an error that implements `UserError`. */
export const RescanResult = createUnionType({
  name: "RescanResult",
  description: "The new scan, or what the caller can do something about.",
  types: () => [RescanSuccess, UnknownScan, SampleUnavailable, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "RescanSuccess"),
});

/** The new scan, or an error that implements `UserError`. */
export const RetryResultResult = createUnionType({
  name: "RetryResultResult",
  description: "The new scan, or what the caller can do something about.",
  types: () => [RetryResultSuccess, UnknownScan, SampleUnavailable, InvalidInput, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "RetryResultSuccess"),
});
