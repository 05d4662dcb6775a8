import type { RescanInput } from "../../../schema/graphql/rescan.js";
import type { EngineChoiceInput, ScanOptionsInput } from "../../../schema/graphql/scan-options.js";
import type { RescanOptions } from "../../scan/rescan.js";
import type { ScanOptions } from "../../scan/scan-input.js";

const SECOND_MS = 1_000;

/** The choice of engines in an input, in the form that verbs take. */
export function engineChoice({ speed, internet, engines, excludeEngines, freshness }: EngineChoiceInput) {
  return {
    speed,
    internet,
    engines: engines ?? undefined,
    excludeEngines: excludeEngines ?? undefined,
    freshnessMs: milliseconds(freshness),
  };
}

/** The options in an input, in the form that verbs take. */
export function scanOptions(input: ScanOptionsInput): ScanOptions {
  const { labels, priority, deadline, stopAfter, idempotencyKey } = input;
  return {
    ...engineChoice(input),
    labels: labels ?? undefined,
    priority,
    deadlineMs: milliseconds(deadline),
    stopAfter: stopAfter ?? undefined,
    idempotencyKey: idempotencyKey ?? undefined,
  };
}

/** The options for repeating a scan, in the form that verbs take. */
export function rescanOptions(input: RescanInput): RescanOptions {
  const { speed, internet, engines, excludeEngines, deadline, labels, idempotencyKey } = input;
  return {
    speed: speed ?? undefined,
    internet: internet ?? undefined,
    engines: engines ?? undefined,
    excludeEngines: excludeEngines ?? undefined,
    deadlineMs: milliseconds(deadline),
    labels: labels ?? undefined,
    idempotencyKey: idempotencyKey ?? undefined,
  };
}

function milliseconds(seconds: number | null | undefined): number | undefined {
  return typeof seconds === "number" ? seconds * SECOND_MS : undefined;
}
