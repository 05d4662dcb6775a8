import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, InputType, ObjectType } from "type-graphql";
import { ScanOptionsInput } from "./scan-options.js";
import { Scan } from "./scan.js";
import { IdempotencyConflict, InvalidInput, MeshUnavailable, SampleUnavailable, typeOfUserError } from "./user-error.js";

/** What to scan, given in exactly one of three ways, and how. */
@InputType({ description: "What to scan (exactly one of `base64`, `sha256` and `uploadId`) and how." })
export class SubmitScanInput extends ScanOptionsInput {
  @Field(() => String, {
    nullable: true,
    description: "The sample itself as standard base64, at most 128 KiB decoded. Send larger samples with `createUpload`.",
  })
  base64?: string | null;

  @Field(() => String, { nullable: true, description: "The sha256 of a stored sample." })
  sha256?: string | null;

  @Field(() => ID, { nullable: true, description: "The id of an upload whose bytes have arrived." })
  uploadId?: string | null;

  @Field(() => String, { defaultValue: "sample", description: "The file name, for display; at most 1,024 characters." })
  name!: string;
}

@ObjectType({ description: "The scan was accepted: it will be final by its deadline.", simpleResolvers: true })
export class SubmitScanSuccess {
  @Field(() => Scan, { description: "The scan." })
  scan!: Scan;

  @Field(() => Boolean, { description: "Whether an earlier call with the same idempotency key created it." })
  replayed!: boolean;
}

/** The scan, or an error that implements `UserError`. */
export const SubmitScanResult = createUnionType({
  name: "SubmitScanResult",
  description: "The accepted scan, or an error that the caller can act on.",
  types: () => [SubmitScanSuccess, InvalidInput, SampleUnavailable, IdempotencyConflict, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? typeOfUserError(value.code) : "SubmitScanSuccess"),
});

@ObjectType({ description: "An upload URL for one sample.", simpleResolvers: true })
export class Upload {
  @Field(() => ID, { description: "For `submitScan`, once the bytes are uploaded. Whoever knows it can use the upload." })
  id!: string;

  @Field(() => String, { description: "Takes the sample as the body of one PUT or POST." })
  url!: string;

  @Field(() => GraphQLDateTimeISO, { description: "When it expires." })
  expiresAt!: Date;
}
