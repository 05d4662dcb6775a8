import { GraphQLError } from "graphql";

/**
 * What one operation may ask for, the same over HTTP, WebSocket and SSE. Lines and tokens are limited before the document is
 * parsed, its form before it is validated (validation costs more than the document is long), variables before they are
 * coerced, the cost before anything runs. Everything is counted with each fragment in its places.
 */
export const LIMITS = {
  /** Bytes of a request's body or a WebSocket message. */
  bodyBytes: 256 * 1024,
  /** Lines of a document; an error's place is found by counting them. */
  lines: 3_000,
  tokens: 2_000,
  /** Characters of a name; what is no name of the schema is compared with those that are. */
  nameLength: 250,
  /** Operations and fragments of a document. */
  definitions: 100,
  /** Operations of a document, of which a request names one. */
  operations: 20,
  /** The standard introspection query needs 15. */
  depth: 15,
  fields: 500,
  /** Fields at the top of an operation. */
  rootFields: 30,
  aliases: 50,
  /** Inline fragments and spreads. */
  fragments: 100,
  directives: 50,
  /** Fields of one place of the answer, which fragments that know nothing of each other may name again and again. */
  repetitions: 50,
  /** A field within itself. */
  recursion: 3,
  /** Variables that an operation declares. */
  variables: 100,
  /** Values within an operation's variables, entries of lists and fields of objects included. */
  values: 2_000,
  /** Lists and objects within each other, in arguments and variables. */
  inputDepth: 10,
  /** Fields that an answer can have, by its lists' usual lengths: 100 full reports of 25 engines fit. */
  cost: 100_000,
  /** Operations that run at once on one WebSocket connection, subscriptions included. */
  operationsPerConnection: 100,
} as const;

export type Limit = keyof typeof LIMITS | "subscriptions";

/** The refusal of what asks for more than a limit allows; nothing if it does not. */
export function exceeded(limit: Limit, asked: number | string, most: number): GraphQLError[] {
  if (typeof asked === "number" && asked <= most) return [];
  const shown = asked === Infinity ? "without end" : String(asked);
  const extensions = { code: "LIMIT_EXCEEDED", limit, asked: shown, most };
  return [new GraphQLError(`this is over the limit of ${limit}: ${shown}, and ${most} is the most`, { extensions })];
}
