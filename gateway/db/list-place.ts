import { sql, type RawBuilder, type SqlBool } from "kysely";

/** A row's place in lists: its id, and its time in microseconds since 1970. */
export interface ListPlace {
  readonly id: number;
  readonly micros: number;
}

/** Which part of a list is read. */
export interface ListPage {
  readonly newestFirst: boolean;
  /** The page begins after this row. */
  readonly after?: ListPlace | undefined;
  readonly limit: number;
}

/** The order of a list: by id, or by time and then id. */
export interface ListOrder {
  readonly id: string;
  readonly time: string;
  readonly byTime: boolean;
}

/** The rows after a place, in the order of the list. */
export function beyond({ id, time, byTime }: ListOrder, { after, newestFirst }: ListPage): RawBuilder<SqlBool> | undefined {
  if (after === undefined) return undefined;
  const than = newestFirst ? sql`<` : sql`>`;
  if (!byTime) return sql`${sql.ref(id)} ${than} ${after.id}`;
  const moment = sql`timestamptz 'epoch' + ${after.micros} * interval '1 microsecond'`;
  return sql`(${sql.ref(time)}, ${sql.ref(id)}) ${than} (${moment}, ${after.id})`;
}

/** The terms of ORDER BY. */
export function inOrder({ id, time, byTime }: ListOrder, { newestFirst }: Pick<ListPage, "newestFirst">): RawBuilder<unknown> {
  const direction = newestFirst ? sql`desc` : sql`asc`;
  return byTime ? sql`${sql.ref(time)} ${direction}, ${sql.ref(id)} ${direction}` : sql`${sql.ref(id)} ${direction}`;
}

/** A time in the form that {@link ListPlace} uses. */
export function microsOf(time: string): RawBuilder<number> {
  return sql<number>`(extract(epoch from ${sql.ref(time)}) * 1000000)::bigint`;
}

/** Rows are counted exactly up to this number. */
export const COUNTED = 10_000;

/** How many rows a list has. */
export interface ListCount {
  /** Up to {@link COUNTED}. */
  readonly count: number;
  /** False if there are more. */
  readonly exact: boolean;
}

export function listCount(counted: number): ListCount {
  return { count: Math.min(counted, COUNTED), exact: counted <= COUNTED };
}
