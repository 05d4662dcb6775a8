import { z } from "zod";
import { MAX_DETECTIONS, type Detection } from "../../schema/detection.js";
import { joinNames } from "../../schema/signature-names.js";
import type { EngineVerdict } from "../../schema/states.js";
import { done, notDone, type Outcome, type RawOutput } from "../contract.js";
import { brief } from "./brief.js";
import { readJson } from "./json.js";

const MAX_STRINGS = 64;
const MAX_SHOWN_WARNINGS = 100;
const VERDICT_OF_WORD: ReadonlyMap<unknown, EngineVerdict> = new Map([
  ["infected", "INFECTED"],
  ["suspicious", "SUSPICIOUS"],
]);

const Output = z.union([
  z.strictObject({ unscanned: z.string() }),
  z.object({ valid: z.unknown().optional(), errors: z.unknown().optional(), matches: z.array(z.unknown()) }),
]);

/** A rule that matched. What is odd in one field, or in one match, is told and never spoils the others. */
interface Match {
  readonly rule: string;
  readonly verdict: EngineVerdict | null;
  readonly shown: Record<string, unknown>;
  readonly warnings: readonly string[];
  /** Whether it may state a verdict that cannot be read. */
  readonly isUnclear: boolean;
}

/**
 * Reads YARA-X's matches. The rules that match are the signature, worst first. A verdict is stated only where a matching rule's
 * metadata has one, `verdict = "infected"` or `"suspicious"`, and infected beats suspicious; the silence of rules proves nothing.
 */
export function parseYara(raw: RawOutput): Outcome {
  const read = readJson(raw, Output);
  if ("failure" in read) return read.failure;
  if ("unscanned" in read.value) return notDone("UNSCANNED", "TOO_LARGE", read.value.unscanned);
  const { valid, errors } = read.value;
  const matches = read.value.matches.flatMap((match) => readMatch(match) ?? []);
  const isComplete = valid === true && Array.isArray(errors) && errors.length === 0;
  const failures = [
    ...(isComplete ? [] : [`the scan is not complete: ${brief(errors ?? valid)}`]),
    ...(matches.some(({ isUnclear }) => isUnclear) ? ["a match cannot be read"] : []),
  ];
  const detections = detectionsOf(matches);
  const isTold = detections.length <= MAX_DETECTIONS;
  const untold = `${detections.length} rules state a verdict, and ${MAX_DETECTIONS} can be told one by one: none of them can be suppressed here`;
  const warnings = [...failures, ...(isTold ? [] : [untold]), ...matches.flatMap((match) => match.warnings)].slice(
    0,
    MAX_SHOWN_WARNINGS,
  );
  const details = {
    yara: { matches: matches.map(({ shown }) => shown) },
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  const verdict = [...VERDICT_OF_WORD.values()].find((worst) => matches.some((match) => match.verdict === worst)) ?? null;
  if (verdict === null && failures.length > 0)
    return notDone("FAILED", isComplete ? "UNPARSABLE_OUTPUT" : "ENGINE_ERROR", failures.join("; "), details);
  const outcome = done(verdict, signatureOf(matches), details);
  return detections.length > 0 && isTold ? { ...outcome, detections } : outcome;
}

/** Undefined for a private rule, which is there for other rules only. */
function readMatch(match: unknown): Match | undefined {
  if (field(match, "isPrivate") === true) return undefined;
  const identifier = field(match, "identifier");
  const rule = typeof identifier === "string" ? identifier : "unnamed";
  const metadata = field(match, "metadata");
  const entries = list(metadata).map((entry) => [field(entry, "identifier"), field(entry, "value")] as const);
  const stated = entries.filter(([key]) => key === "verdict").map(([, value]) => value);
  const verdicts = new Set(stated.map((value) => VERDICT_OF_WORD.get(value)));
  return {
    rule,
    verdict: [...VERDICT_OF_WORD.values()].find((worst) => verdicts.has(worst)) ?? null,
    shown: {
      rule,
      namespace: field(match, "namespace") ?? "",
      tags: list(field(match, "tags")),
      meta: Object.fromEntries(entries.flatMap(([key, value]) => (typeof key === "string" ? [[key, value]] : []))),
      strings: stringsOf(list(field(match, "patterns"))),
    },
    warnings: stated
      .filter((value) => !VERDICT_OF_WORD.has(value))
      .map(
        (value) =>
          `rule ${rule}: verdict = ${brief(value)} is neither "infected" nor "suspicious", so the rule states no verdict`,
      ),
    isUnclear: !Array.isArray(metadata) || entries.some(([key]) => typeof key !== "string"),
  };
}

function stringsOf(patterns: readonly unknown[]): unknown[] {
  return patterns
    .filter((pattern) => field(pattern, "isPrivate") !== true)
    .flatMap((pattern) =>
      list(field(pattern, "matches")).map((match) => ({
        name: field(pattern, "identifier"),
        offset: field(match, "offset"),
        length: field(match, "length"),
      })),
    )
    .slice(0, MAX_STRINGS);
}

/** Each rule once, with the worst that its matches say. */
function detectionsOf(matches: readonly Match[]): Detection[] {
  const found = new Map<string, Detection>();
  for (const { rule, verdict } of matches) {
    const isWorse = verdict === "INFECTED" || (verdict === "SUSPICIOUS" && !found.has(rule));
    if (isWorse) found.set(rule, { signature: rule, verdict });
  }
  return [...found.values()];
}

/** The names of the rules, worst first, as many as there is room for. */
function signatureOf(matches: readonly Match[]): string | null {
  const order = [...VERDICT_OF_WORD.values(), null];
  const names = new Set(order.flatMap((verdict) => matches.filter((match) => match.verdict === verdict).map(({ rule }) => rule)));
  return joinNames([...names]);
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
