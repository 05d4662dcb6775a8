import { GraphQLError } from "graphql";

/** Whether a value can be stored: no text in it has NUL or half of a character, which JSON can write and Postgres cannot. */
export function isWritable(value: unknown): boolean {
  if (typeof value === "string") return !/[\0\p{Surrogate}]/u.test(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, inner]) => isWritable(name) && isWritable(inner));
}

/** The refusal of what cannot be stored. */
export function unwritable(what: string): GraphQLError[] {
  const extensions = { code: "BAD_USER_INPUT" };
  return [new GraphQLError(`${what} holds NUL or half of a character, which cannot be stored`, { extensions })];
}
