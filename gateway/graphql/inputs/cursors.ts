import type { ListPlace } from "../../db/list-place.js";
import { badInput } from "../../errors.js";

/** The name of the list of scans in its cursors. It includes the order, because a place in another order is on another page. */
export function scanListName(order: string, byTime: "start" | "end" | undefined): string {
  return `scans ${order}${byTime === undefined ? "" : byTime === "end" ? " by end" : " by time"}`;
}

/** A keyset cursor, opaque to clients: the list, and the row after which the page continues. */
export function cursorOf(list: string, { id, micros }: ListPlace): string {
  return Buffer.from(`${list}:${id}:${micros}`).toString("base64url");
}

/** The row of a cursor. Throws BAD_INPUT for anything that {@link cursorOf} did not make for this list. */
export function placeOf(list: string, cursor: string | null | undefined): ListPlace | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  const [, named, id, micros] = /^([^:]+):([1-9]\d{0,15}):(-?\d{1,16})$/.exec(text) ?? [];
  const place = { id: Number(id), micros: Number(micros) };
  if (named !== list || !Number.isSafeInteger(place.id) || !Number.isSafeInteger(place.micros))
    throw badInput("after", "is not a cursor of this list");
  return place;
}

/** A cursor of a list with text keys. */
export function keyCursorOf(list: string, key: string): string {
  return Buffer.from(`${list}:${key}`).toString("base64url");
}

/** The key in a cursor. Throws BAD_INPUT for anything that {@link keyCursorOf} did not make for this list. */
export function keyOf(list: string, cursor: string | null | undefined): string | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const [, named, key] = /^([^:]+):([0-9A-Za-z-]{1,64})$/.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (named !== list || key === undefined) throw badInput("after", "is not a cursor of this list");
  return key;
}
