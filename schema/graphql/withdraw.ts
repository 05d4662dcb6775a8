import { createUnionType, Field, ObjectType } from "type-graphql";
import { Scan } from "./scan.js";
import { MeshUnavailable, typeOfUserError, UserError } from "./user-error.js";

@ObjectType({ implements: UserError, description: "There is no such scan.", simpleResolvers: true })
export class UnknownScan extends UserError {}

@ObjectType({ description: "The scan is final: nobody waits for its engines any more.", simpleResolvers: true })
export class CancelScanSuccess {
  @Field(() => Scan, { description: "The scan. One that was final already is as it was." })
  scan!: Scan;
}

/** The cancelled scan, or an error that implements `UserError`. */
export const CancelScanResult = createUnionType({
  name: "CancelScanResult",
  description: "The cancelled scan, or what the caller can do something about.",
  types: () => [CancelScanSuccess, UnknownScan, MeshUnavailable] as const,
  resolveType: (value) => typeOfScanAnswer(value, "CancelScanSuccess"),
});

/** The object type of what a mutation of a scan answers. */
export function typeOfScanAnswer(value: object, success: string): string {
  if (!("code" in value)) return success;
  const { code } = value as UserError;
  return code === "NOT_FOUND" ? "UnknownScan" : typeOfUserError(code);
}
