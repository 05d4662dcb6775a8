import { GraphQLSafeInt } from "graphql-scalars";
import { createUnionType, Field, Int, ObjectType } from "type-graphql";
import { Scan } from "./scan.js";
import { InvalidInput, MeshUnavailable, typeOfUserError, UserError } from "./user-error.js";

@ObjectType({ implements: UserError, description: "There is no such scan.", simpleResolvers: true })
export class UnknownScan extends UserError {}

@ObjectType({ description: "The scan is final and waits for no engine.", simpleResolvers: true })
export class CancelScanSuccess {
  @Field(() => Scan, { description: "The scan. One that was final already is unchanged." })
  scan!: Scan;
}

/** The cancelled scan, or an error that implements `UserError`. */
export const CancelScanResult = createUnionType({
  name: "CancelScanResult",
  description: "The cancelled scan, or an error that the caller can act on.",
  types: () => [CancelScanSuccess, UnknownScan, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "CancelScanSuccess"),
});

@ObjectType({ description: "The scan and its results were deleted.", simpleResolvers: true })
export class DeleteScanSuccess {
  @Field(() => GraphQLSafeInt, { description: "The number of the scan." })
  scanId!: number;
}

/** The deleted scan's number, or an error that implements `UserError`. */
export const DeleteScanResult = createUnionType({
  name: "DeleteScanResult",
  description: "The number of the deleted scan, or an error that the caller can act on.",
  types: () => [DeleteScanSuccess, UnknownScan, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "DeleteScanSuccess"),
});

@ObjectType({ implements: UserError, description: "There is no such sample.", simpleResolvers: true })
export class UnknownSample extends UserError {}

@ObjectType({ description: "The sample and its scans were deleted.", simpleResolvers: true })
export class DeleteSampleSuccess {
  @Field(() => String, { description: "The sha256 of the sample." })
  sha256!: string;

  @Field(() => Int, { description: "How many scans were deleted with it." })
  scans!: number;
}

/** The deleted sample's hash, or an error that implements `UserError`. */
export const DeleteSampleResult = createUnionType({
  name: "DeleteSampleResult",
  description: "The sha256 of the deleted sample, or an error that the caller can act on.",
  types: () => [DeleteSampleSuccess, UnknownSample, InvalidInput, MeshUnavailable] as const,
  resolveType: (value) =>
    "code" in value && value.code === "NOT_FOUND" ? "UnknownSample" : typeOfScanAnswer(value, "DeleteSampleSuccess"),
});

/** The object type of what a mutation of a scan answers. */
export function typeOfScanAnswer(value: object, success: string): string {
  if (!("code" in value)) return success;
  const { code } = value as UserError;
  return code === "NOT_FOUND" ? "UnknownScan" : typeOfUserError(code);
}
