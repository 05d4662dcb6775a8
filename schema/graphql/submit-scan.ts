import { GraphQLDateTimeISO } from "graphql-scalars";
import { createUnionType, Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { Speed } from "./enums.js";
import { Scan } from "./scan.js";
import { InvalidInput, MeshUnavailable, SampleUnavailable, typeOfUserError } from "./user-error.js";

/** What to scan, given in exactly one of three ways, and how. */
@InputType({ description: "What to scan (exactly one of `base64`, `sha256` and `uploadId`) and how." })
export class SubmitScanInput {
  @Field(() => String, {
    nullable: true,
    description: "The sample itself as standard base64, 128 KiB at most once decoded. Larger ones go through `createUpload`.",
  })
  base64?: string | null;

  @Field(() => String, { nullable: true, description: "The sha256 of a sample that the mesh has stored." })
  sha256?: string | null;

  @Field(() => ID, { nullable: true, description: "The id of an upload whose bytes have arrived." })
  uploadId?: string | null;

  @Field(() => String, { defaultValue: "sample", description: "The file's name, for display; 1,024 characters at most." })
  name!: string;

  @Field(() => Speed, { defaultValue: Speed.ALL, description: "The slowest class of engines allowed, inclusive." })
  speed!: Speed;

  @Field(() => Boolean, { defaultValue: false, description: "Whether engines that can reach the internet may take part." })
  internet!: boolean;

  @Field(() => [String], { nullable: true, description: "Names of the engines to ask; without it all that the scan allows." })
  engines?: readonly string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: "Seconds after which the scan is final, whatever happens: 10 to 86,400. Without it the mesh's setting.",
  })
  deadline?: number | null;
}

@ObjectType({ description: "The scan was accepted: it will be final by its deadline.", simpleResolvers: true })
export class SubmitScanSuccess {
  @Field(() => Scan, { description: "The scan." })
  scan!: Scan;
}

/** The scan, or an error that implements `UserError`. */
export const SubmitScanResult = createUnionType({
  name: "SubmitScanResult",
  description: "The accepted scan, or what the caller can do something about.",
  types: () => [SubmitScanSuccess, InvalidInput, SampleUnavailable, MeshUnavailable] as const,
  resolveType: (value) => ("code" in value ? typeOfUserError(value.code) : "SubmitScanSuccess"),
});

@ObjectType({ description: "A place to send one sample to.", simpleResolvers: true })
export class Upload {
  @Field(() => ID, { description: "For `submitScan`, once the bytes have arrived. Who knows it may use the upload." })
  id!: string;

  @Field(() => String, { description: "Takes the sample as the body of one PUT or POST." })
  url!: string;

  @Field(() => GraphQLDateTimeISO, { description: "Until when it can be used." })
  expiresAt!: Date;
}
