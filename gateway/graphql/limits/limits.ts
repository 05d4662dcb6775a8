import { GraphQLError } from "graphql";

/**
 * The limits of one operation, the same over HTTP, WebSocket and SSE. Lines and tokens are checked before the document is parsed, its shape
 * before it is validated (validation time grows faster than the document), variables before they are coerced, and the cost before anything
 * runs. A fragment counts each time it is spread.
 */
export const LIMITS = {
  /** Bytes of a request's body or a WebSocket message. */
  bodyBytes: 256 * 1024,
  /** Lines of a document. Each error counts them to find its position. */
  lines: 3_000,
  tokens: 2_000,
  /** Characters of a name. An unknown name is compared with every name in the schema. */
  nameLength: 250,
  /** Operations and fragments of a document. */
  definitions: 100,
  /** Operations of a document, of which a request runs one. */
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
  /** Selections of the same field at one place of the answer, since fragments may repeat fields. */
  repetitions: 50,
  /** How often a field may be nested in itself. */
  recursion: 3,
  /** Variables that an operation declares. */
  variables: 100,
  /** Values in an operation's variables, including entries of lists and fields of objects. */
  values: 2_000,
  /** Nesting of lists and objects in arguments and variables. */
  inputDepth: 10,
  /** Fields of an answer, assuming typical lengths of lists: 100 full reports of 25 engines fit. */
  cost: 100_000,
  /** Operations that run at once on one WebSocket connection, subscriptions included. */
  operationsPerConnection: 100,
} as const;

export type Limit = keyof typeof LIMITS | "subscriptions";

/** The error for a request that exceeds a limit; empty if it does not. */
export function limitErrors(limit: Limit, asked: number | string, most: number): GraphQLError[] {
  if (typeof asked === "number" && asked <= most) return [];
  const shown = asked === Infinity ? "without end" : String(asked);
  const extensions = { code: "LIMIT_EXCEEDED", limit, asked: shown, most };
  return [new GraphQLError(`this is over the limit of ${limit}: ${shown}, and ${most} is the most`, { extensions })];
}
