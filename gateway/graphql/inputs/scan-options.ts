import type { EngineChoiceInput, ScanOptionsInput } from "../../../schema/graphql/scan-options.js";
import type { ScanOptions } from "../../scan/scan-input.js";

const SECOND_MS = 1_000;

/** Which engines an input lets in, as the verbs take it. */
export function engineChoice({ speed, internet, engines, excludeEngines, freshness }: EngineChoiceInput) {
  return {
    speed,
    internet,
    engines: engines ?? undefined,
    excludeEngines: excludeEngines ?? undefined,
    freshnessMs: milliseconds(freshness),
  };
}

/** How an input wants to be scanned, as the verbs take it. */
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

function milliseconds(seconds: number | null | undefined): number | undefined {
  return typeof seconds === "number" ? seconds * SECOND_MS : undefined;
}
