import type { Speed } from "../../schema/classes.js";
import { OPTION_LIMITS, type Labels, type Priority } from "../../schema/scan-options.js";
import { GatewayError } from "../errors.js";
import type { EngineChoice } from "./plan.js";

/** Options for scanning one or more samples. */
export interface ScanOptions extends EngineChoice {
  /** The slowest speed class allowed. */
  readonly speed: Speed;
  readonly internet: boolean;
  /** Keys are unique. */
  readonly labels?: readonly LabelEntry[] | undefined;
  /** Default: NORMAL. */
  readonly priority?: Priority | undefined;
  /** Results up to this age are copied from earlier scans; undefined copies none. */
  readonly freshnessMs?: number | undefined;
  /** After this time the scan is final, whatever is missing; must be within OPTION_LIMITS. Default: from the configuration. */
  readonly deadlineMs?: number | undefined;
  /** After this many detections the scan stops waiting for engines; undefined waits for all. */
  readonly stopAfter?: number | undefined;
  /** A retry with the same key gets the first request's answer. */
  readonly idempotencyKey?: string | undefined;
}

/** Any of the options. */
export type SomeOptions = { readonly [Option in keyof ScanOptions]?: ScanOptions[Option] | undefined };

export interface LabelEntry {
  readonly key: string;
  readonly value: string;
}

/** A request for one scan, apart from its sample. */
export interface ScanInput extends ScanOptions {
  /** The file's name for display; at most 1,024 characters. NUL and control characters are replaced. */
  readonly name: string;
}

const LIMITS = OPTION_LIMITS;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LABEL_KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** The name as valid Unicode without control characters. Throws BAD_INPUT if it is too long. */
export function cleanName(name: string, field: readonly string[] = ["name"]): string {
  if (name.length > LIMITS.name) refuse(field, `the name has ${name.length} characters; ${LIMITS.name} is the most`);
  return Buffer.from(name).toString().replace(new RegExp(CONTROL, "g"), "\ufffd");
}

/** Throws BAD_INPUT for the first option that is not valid. */
export function checkOptions(options: SomeOptions): void {
  const { engines, excludeEngines, labels, freshnessMs, deadlineMs, stopAfter, idempotencyKey } = options;
  const excluded = new Set(excludeEngines?.map((name) => name.toLowerCase()));
  const both = engines?.find((name) => excluded.has(name.toLowerCase()));
  if (both !== undefined) refuse(["excludeEngines"], `leaves out ${both}, which engines asks for`);
  if (labels) checkLabels(labels);
  if (deadlineMs !== undefined && !within(deadlineMs, LIMITS.deadlineMs))
    refuse(["deadline"], "the deadline must be from 10 seconds to 24 hours");
  checkFreshness(freshnessMs);
  if (stopAfter !== undefined && !(Number.isInteger(stopAfter) && within(stopAfter, { min: 1, max: LIMITS.stopAfter })))
    refuse(["stopAfter"], `the number of detections must be from 1 to ${LIMITS.stopAfter}`);
  if (idempotencyKey !== undefined && !(idempotencyKey.length <= LIMITS.idempotencyKey && IDEMPOTENCY_KEY.test(idempotencyKey)))
    refuse(["idempotencyKey"], `an idempotency key has 1 to ${LIMITS.idempotencyKey} printable ASCII characters`);
}

/** The labels in their stored form. */
export function labelsOf(options: ScanOptions): Labels {
  return Object.fromEntries((options.labels ?? []).map(({ key, value }) => [key, value]));
}

function checkLabels(labels: readonly LabelEntry[]): void {
  if (labels.length > LIMITS.labels) refuse(["labels"], `there are ${labels.length} labels; ${LIMITS.labels} is the most`);
  const seen = new Set<string>();
  labels.forEach(({ key, value }, i) => {
    const keyField = ["labels", String(i), "key"];
    const valueField = ["labels", String(i), "value"];
    if (key.length > LIMITS.labelKey || !LABEL_KEY.test(key))
      refuse(
        keyField,
        `a label's key has 1 to ${LIMITS.labelKey} letters, digits, '.', '_', '/' or '-', the first a letter or a digit`,
      );
    if (seen.has(key)) refuse(keyField, `the label ${key} is there twice`);
    seen.add(key);
    if (value.length > LIMITS.labelValue)
      refuse(valueField, `the label ${key} has ${value.length} characters; ${LIMITS.labelValue} is the most`);
    if (CONTROL.test(value) || Buffer.from(value).toString() !== value)
      refuse(valueField, `the label ${key} has characters that are no text`);
  });
}

/** Throws BAD_INPUT for an age outside the limits. */
export function checkFreshness(freshnessMs: number | undefined): void {
  if (freshnessMs !== undefined && !within(freshnessMs, LIMITS.freshnessMs))
    refuse(["freshness"], "the freshness must be from 1 second to 30 days");
}

function within(value: number, { min, max }: { min: number; max: number }): boolean {
  return value >= min && value <= max;
}

function refuse(field: readonly string[], message: string): never {
  throw new GatewayError("BAD_INPUT", message, { field });
}
