/** Column types that the row types share. */

import type { ColumnType } from "kysely";

/** A time that must be given. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** A time that the database sets if it is not given. */
export type GeneratedTimestamp = ColumnType<Date, Date | string | undefined, Date | string>;
/** A time that may be missing. */
export type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
