import type { ListedScan } from "../db/scan-list.js";
import type { ListPlace } from "../db/list-place.js";
import { GatewayError } from "../errors.js";

/** A keyset cursor: the row that a page continues after, opaque to clients. */
export function scanCursor({ scanId, startMicros }: ListedScan): string {
  return cursorOf({ id: scanId, micros: startMicros });
}

export function cursorOf({ id, micros }: ListPlace): string {
  return Buffer.from(`after:${id}:${micros}`).toString("base64url");
}

/** The row of a cursor. Throws BAD_INPUT for anything that {@link cursorOf} did not make. */
export function placeOf(cursor: string | null | undefined): ListPlace | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const [, id, micros] = /^after:([1-9]\d{0,15}):(-?\d{1,16})$/.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  const place = { id: Number(id), micros: Number(micros) };
  if (!Number.isSafeInteger(place.id) || !Number.isSafeInteger(place.micros))
    throw new GatewayError("BAD_INPUT", "after: is not a cursor of this list");
  return place;
}
