import { speedOfNumber, type Speed } from "../../schema/classes.js";
import { OPTION_LIMITS } from "../../schema/scan-options.js";
import { GatewayError } from "../errors.js";
import { cleanName } from "../scan/scan-input.js";
import { pythonInt } from "./python-int.js";

export function missingParameter(name: string): GatewayError {
  return new GatewayError("BAD_INPUT", `missing parameter: ${name}`);
}

export function invalidParameter(name: string): GatewayError {
  return new GatewayError("BAD_INPUT", `invalid parameter: ${name}`);
}

/** The slowest class allowed, given by MultiAV2's number. */
export function parseSpeed(minspeed: unknown): Speed {
  const number = pythonInt(minspeed);
  const speed = number === undefined ? undefined : speedOfNumber(number);
  if (speed === undefined) throw invalidParameter("minspeed");
  return speed;
}

/** Anything that is not clearly true is false, the more private choice. */
export function allowsInternet(value: unknown): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

export function invalidJson(cause?: unknown): GatewayError {
  return new GatewayError("BAD_INPUT", "invalid json", { cause });
}

/** A file's name as it appears in its report. */
export function sampleName(value: unknown, parameter: string): string {
  if (typeof value !== "string" || value.length > OPTION_LIMITS.name) throw invalidParameter(parameter);
  return cleanName(value);
}

export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  const number = typeof value === "string" && /^[0-9]{1,16}$/.test(value) ? Number(value) : -1;
  if (number < min || number > max) throw invalidParameter(name);
  return number;
}

/** A scan's id as text: 1 to 19 ASCII digits, positive. */
export function readScanId(text: string): number | undefined {
  const id = /^[0-9]{1,19}$/.test(text) ? Number(text) : 0;
  return id > 0 && Number.isSafeInteger(id) ? id : undefined;
}

/** A scan's id in a path. */
export function parseScanId(text: string): number {
  const id = readScanId(text);
  if (id === undefined) throw unknownScan();
  return id;
}

export function unknownScan(): GatewayError {
  return new GatewayError("BAD_INPUT", "invalid sample id");
}

const TERMS = 1_000;
const PATTERNS = 20;

/** Hashes and names, separated by commas or line breaks. The number of terms with `%` is limited, because each searches all names. */
export function parseTerms(name: string, text: string): string[] {
  const terms = text.split(/,|\r?\n/);
  if (terms.length > TERMS || terms.filter((term) => term.includes("%")).length > PATTERNS) throw invalidParameter(name);
  return terms;
}
