import { GraphQLError } from "graphql";

/**
 * The path to a text that cannot be stored, because it contains NUL or a lone surrogate: JSON can express them, Postgres cannot. Undefined
 * if there is none.
 */
export function unstorablePath(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return /[\0\p{Surrogate}]/u.test(value) ? [] : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (unstorablePath(name)) return [];
    const path = unstorablePath(inner);
    if (path) return [name, ...path];
  }
  return undefined;
}

/** The error for a text that cannot be stored. */
export function unstorableErrors(what: string): GraphQLError[] {
  const extensions = { code: "BAD_USER_INPUT" };
  return [new GraphQLError(`${what} holds NUL or half of a character, which cannot be stored`, { extensions })];
}
