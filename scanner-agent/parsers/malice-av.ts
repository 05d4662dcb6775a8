import { z } from "zod";
import type { EngineVersions } from "../../schema/messages.js";
import { done, notDone, type Outcome } from "../contract.js";
import { readDay } from "./day.js";
import { gaveUp } from "./malice-failure.js";

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

/** Words by which a plugin says that there is nothing to say. */
const NOTHING = /^(|-|ok|clean|none|not infected|no threats? found)$/i;

/**
 * Reads the report. `obstacle` is what went wrong outside of it. A detection counts whatever else went wrong; clean must be
 * proven: nothing failed, and the plugin tells which engine or signatures looked, for one that could not look prints the same.
 */
export function readAv(report: AvReport, obstacle: Outcome | undefined): Outcome {
  const found = [report.result, ...Object.values(report.results ?? {})].map(trimmed).find((name) => !NOTHING.test(name));
  const versions = versionsOf(report);
  const details = detailsOf(report);
  if (report.infected) return { ...done("INFECTED", found ?? null, details), versions };
  const error = trimmed(report.error);
  if (error !== "") return { ...gaveUp(error, details), versions };
  if (obstacle !== undefined) return obstacle;
  if (found !== undefined)
    return { ...notDone("UNSCANNED", "UNPARSABLE_OUTPUT", `neither infected nor clean: ${found}`, details), versions };
  if (trimmed(report.engine) === "" && trimmed(report.updated) === "")
    return notDone(
      "FAILED",
      "ENGINE_ERROR",
      "it reports nothing found and does not say by which engine: it did not scan",
      details,
    );
  return { ...done("CLEAN", null, details), versions };
}

function detailsOf({ database, known, results }: AvReport): Outcome["details"] {
  const told = Object.entries({ database, known, results }).filter(([, value]) => value !== undefined && value !== null);
  return told.length === 0 ? null : Object.fromEntries(told);
}

function versionsOf({ engine, database, updated }: AvReport): EngineVersions {
  return { engine: trimmed(engine) || null, signatures: trimmed(database) || null, signatureDate: readDay(trimmed(updated)) };
}

function trimmed(value: string | null | undefined): string {
  return value?.trim() ?? "";
}
