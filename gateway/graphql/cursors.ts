import { GatewayError } from "../errors.js";

/** A keyset cursor: the id of the scan that a page continues after, opaque to clients. */
export function scanCursor(scanId: number): string {
  return Buffer.from(`after:${scanId}`).toString("base64url");
}

/** The scan id of a cursor. Throws BAD_INPUT for anything that {@link scanCursor} did not make. */
export function scanOfCursor(cursor: string): number {
  const [, id] = /^after:([1-9]\d{0,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (id === undefined || !Number.isSafeInteger(Number(id)))
    throw new GatewayError("BAD_INPUT", "after: is not a cursor of this list");
  return Number(id);
}
