import type { Caller } from "../caller.js";
import type { Usage } from "../db/quota.js";
import { GatewayError } from "../errors.js";

/** The key whose quota a caller's scans count towards; undefined if it has no daily quota. */
export function quotaKey({ key }: Caller): string | undefined {
  return key !== null && key.dailyScans !== null ? key.id : undefined;
}

/** The error if scans exceed a key's quota. `had` is the number of its other scans today. */
export function overQuota({ key }: Caller, scans: number, had: number, { tomorrow }: Usage): GatewayError | undefined {
  if (!key || key.dailyScans === null || key.dailyScans - had >= scans) return undefined;
  const left = Math.max(0, key.dailyScans - had);
  const message = `the key ${key.name} may have ${key.dailyScans} scans a day, and ${left} are left today`;
  return new GatewayError("RATE_LIMITED", message, { retryAfter: tomorrow });
}
