import { speedOfNumber, type Speed } from "../../schema/classes.js";
import { GatewayError } from "../errors.js";
import { pythonInt } from "./python-int.js";

export function missing(name: string): GatewayError {
  return new GatewayError("BAD_INPUT", `missing parameter: ${name}`);
}

export function invalid(name: string): GatewayError {
  return new GatewayError("BAD_INPUT", `invalid parameter: ${name}`);
}

/** The slowest class allowed, by MultiAV2's number. */
export function speedOf(minspeed: unknown): Speed {
  const number = pythonInt(minspeed);
  const speed = number === undefined ? undefined : speedOfNumber(number);
  if (speed === undefined) throw invalid("minspeed");
  return speed;
}

/** Whatever is not plainly true is false: the private reading. */
export function allowsInternet(value: unknown): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

export function invalidJson(cause?: unknown): GatewayError {
  return new GatewayError("BAD_INPUT", "invalid json", { cause });
}

const NAME_LENGTH = 1_024;

export function sampleName(value: unknown, parameter: string): string {
  if (typeof value !== "string" || value.length > NAME_LENGTH) throw invalid(parameter);
  return value;
}

/** A scan's id as it stands in a path: 1 to 19 ASCII digits, positive. */
export function scanIdOf(text: string): number {
  const id = /^[0-9]{1,19}$/.test(text) ? Number(text) : 0;
  if (id === 0 || !Number.isSafeInteger(id)) throw unknownScan();
  return id;
}

export function unknownScan(): GatewayError {
  return new GatewayError("BAD_INPUT", "invalid sample id");
}
