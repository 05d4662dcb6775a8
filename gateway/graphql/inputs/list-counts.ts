import type { ListCount } from "../../db/list-place.js";
import type { Connection } from "./connection.js";

/** The cost of counting a list, in fields. */
export const COUNT_COST = 100;

/** A page whose list can be counted. */
export interface CountedConnection<T> extends Connection<T> {
  /** Counts only once, however often it is called. */
  readonly count: () => Promise<ListCount>;
}

export function withCount<T>(page: Connection<T>, count: () => Promise<ListCount>): CountedConnection<T> {
  let running: Promise<ListCount> | undefined;
  return Object.assign(page, { count: () => (running ??= count()) });
}
