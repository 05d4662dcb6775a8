import { sql, type RawBuilder, type SqlBool } from "kysely";

export type Condition = RawBuilder<SqlBool>;

/** In bytes; both ends are included. */
export interface SizeCriteria {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface TimeCriteria {
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

/** Whether a scan shows up in searches by hash or name. Checks after updates do not, unless the verdict changed. */
export const isFound = sql<SqlBool>`scans.origin is distinct from 'CHECK'`;

/** True if all conditions hold, or there are none. */
export function all(conditions: readonly (Condition | undefined)[]): Condition {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length > 0 ? sql<SqlBool>`(${sql.join(given, sql` and `)})` : sql<SqlBool>`true`;
}

/** True if any condition holds; false if there are none. */
export function any(conditions: readonly Condition[]): Condition {
  return conditions.length > 0 ? sql<SqlBool>`(${sql.join(conditions, sql` or `)})` : sql<SqlBool>`false`;
}

/** `type` is the column's type in Postgres. */
export function isAnyOf(column: string, type: string, values: readonly (string | number)[] | undefined): Condition | undefined {
  return values && sql<SqlBool>`${sql.ref(column)} = any(${[...values]}::${sql.raw(type)}[])`;
}

/** Matches MIME types; `kind/*` matches a whole kind. */
export function mimeIs(column: string, mimes: readonly string[] | undefined): Condition | undefined {
  if (mimes === undefined) return undefined;
  const whole = mimes.filter((mime) => !mime.endsWith("/*"));
  const kinds = mimes.filter((mime) => mime.endsWith("/*")).map((mime) => `${literally(mime.slice(0, -1))}%`);
  return any([
    ...(whole.length > 0 ? [sql<SqlBool>`${sql.ref(column)} = any(${whole}::text[])`] : []),
    ...kinds.map((kind) => sql<SqlBool>`${sql.ref(column)} like ${kind}`),
  ]);
}

export function sizeWithin(column: string, { min, max }: SizeCriteria = {}): Condition[] {
  const size = sql.ref(column);
  return [
    ...(min === undefined ? [] : [sql<SqlBool>`${size} >= ${min}`]),
    ...(max === undefined ? [] : [sql<SqlBool>`${size} <= ${max}`]),
  ];
}

export function timeWithin(column: string, { since, until }: TimeCriteria = {}): Condition[] {
  const time = sql.ref(column);
  return [
    ...(since === undefined ? [] : [sql<SqlBool>`${time} >= ${since}`]),
    ...(until === undefined ? [] : [sql<SqlBool>`${time} < ${until}`]),
  ];
}

/** The sample has one of these md5, sha1 or sha256 in lower-case hex. */
export function hashIs(hashes: readonly string[] | undefined): Condition | undefined {
  if (hashes === undefined) return undefined;
  const columns = { sha256: 64, sha1: 40, md5: 32 };
  return any(
    Object.entries(columns).flatMap(([column, length]) => {
      const those = hashes.filter((hash) => hash.length === length);
      return those.length > 0 ? [sql<SqlBool>`${sql.ref(`samples.${column}`)} = any(${those}::text[])`] : [];
    }),
  );
}

/** Escapes text for LIKE, so that nothing is a wildcard. */
export function literally(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
