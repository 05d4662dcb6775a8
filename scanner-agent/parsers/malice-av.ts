import { z } from "zod";
import type { EngineVersions } from "../../schema/messages.js";
import { done, notDone, type Outcome } from "../contract.js";
import { readDay } from "./day.js";
import { readFailure } from "./malice-output.js";

const text = z.string().nullish();

/** What an antivirus plugin prints under its own name. */
export const AvReport = z.looseObject({
  infected: z.boolean(),
  result: text,
  engine: text,
  database: text,
  updated: text,
  known: z.union([z.string(), z.number()]).nullish(),
  error: text,
  /** F-Secure's two scanners, each with its own signature. */
  results: z.record(z.string(), z.string().nullable()).nullish(),
});
/** See the value of the same name. */
export type AvReport = z.infer<typeof AvReport>;

/** Words by which a plugin reports that it found nothing. */
const NOTHING = /^(|-|ok|clean|none|not infected|no threats? found)$/i;

/**
 * Reads the report; `failure` is what went wrong outside of it. A detection counts whatever else went wrong. Clean must be proven:
 * nothing failed, and the report names the engine or its signatures, because a plugin that could not scan prints the same.
 */
export function readAv(report: AvReport, failure: Outcome | undefined): Outcome {
  const found = [report.result, ...Object.values(report.results ?? {})].map(trim).find((name) => !NOTHING.test(name));
  const versions = readVersions(report);
  const details = readDetails(report);
  if (report.infected) return { ...done("INFECTED", found ?? null, details), versions };
  const error = trim(report.error);
  if (error !== "") return { ...readFailure(error, details), versions };
  if (failure !== undefined) return failure;
  if (found !== undefined)
    return { ...notDone("UNSCANNED", "UNPARSABLE_OUTPUT", `neither infected nor clean: ${found}`, details), versions };
  if (trim(report.engine) === "" && trim(report.updated) === "")
    return notDone(
      "FAILED",
      "ENGINE_ERROR",
      "it reports nothing found and does not say by which engine: it did not scan",
      details,
    );
  return { ...done("CLEAN", null, details), versions };
}

function readDetails({ database, known, results }: AvReport): Outcome["details"] {
  const told = Object.entries({ database, known, results }).filter(([, value]) => value !== undefined && value !== null);
  return told.length === 0 ? null : Object.fromEntries(told);
}

function readVersions({ engine, database, updated }: AvReport): EngineVersions {
  return { engine: trim(engine) || null, signatures: trim(database) || null, signatureDate: readDay(trim(updated)) };
}

function trim(value: string | null | undefined): string {
  return value?.trim() ?? "";
}
