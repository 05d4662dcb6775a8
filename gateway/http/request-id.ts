import { randomUUID } from "node:crypto";

/** A caller's own id is kept if it can be logged as it is. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
