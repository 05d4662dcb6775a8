import { GraphQLError } from "graphql";

/**
 * Where in a value something is that cannot be stored, as a path: a text with NUL or half of a character, which JSON can write
 * and Postgres cannot. Undefined if there is nothing.
 */
export function unwritablePlace(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return /[\0\p{Surrogate}]/u.test(value) ? [] : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (unwritablePlace(name)) return [];
    const place = unwritablePlace(inner);
    if (place) return [name, ...place];
  }
  return undefined;
}

/** The refusal of what cannot be stored. */
export function unwritable(what: string): GraphQLError[] {
  const extensions = { code: "BAD_USER_INPUT" };
  return [new GraphQLError(`${what} holds NUL or half of a character, which cannot be stored`, { extensions })];
}
