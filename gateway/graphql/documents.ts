import { GraphQLError, parse, type DocumentNode } from "graphql";
import { LIMITS } from "./limits.js";
import { restated } from "./present-error.js";

/** Characters of the documents that are remembered, and of each of them. */
const REMEMBERED = 256 * 1024;
const LONGEST = 16 * 1024;

/** Parses documents; the ones used last are remembered, so that a thousand subscribers share one tree. */
export function createParser(): (query: string) => DocumentNode | GraphQLError {
  const known = new Map<string, DocumentNode>();
  let characters = 0;

  function remember(query: string, document: DocumentNode): void {
    known.set(query, document);
    characters += query.length;
    for (const oldest of known.keys()) {
      if (characters <= REMEMBERED) return;
      known.delete(oldest);
      characters -= oldest.length;
    }
  }

  return (query) => {
    const before = known.get(query);
    if (before) {
      known.delete(query);
      known.set(query, before);
      return before;
    }
    const document = parseWithin(query);
    if (!(document instanceof GraphQLError) && query.length <= LONGEST) remember(query, document);
    return document;
  };
}

function parseWithin(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens: LIMITS.tokens });
  } catch (error) {
    if (error instanceof GraphQLError) return restated(error, { code: "GRAPHQL_PARSE_FAILED" });
    throw error;
  }
}
