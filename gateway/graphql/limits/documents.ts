import {
  GraphQLError,
  Lexer,
  NoSchemaIntrospectionCustomRule,
  parse,
  Source,
  specifiedRules,
  TokenKind,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from "graphql";
import { shapeErrors } from "./document-shape.js";
import { limitErrors, LIMITS } from "./limits.js";
import { withExtensions } from "../context/present-error.js";
import { unstorableErrors, unstorablePath } from "./storable.js";

/** The most errors in one answer, because finding the line of each takes time. */
const SHOWN_ERRORS = 10;
/** The most characters of all cached documents, and of each. */
const CACHE = { total: 64 * 1024, each: 16 * 1024 };

/** Returns a document that is ready to run, or its errors. */
export type Documents = (source: string) => DocumentNode | readonly GraphQLError[];

/**
 * Parses and validates documents with the same rules and limits for every transport. Recently used documents are cached, so that a thousand
 * subscribers share one tree.
 */
export function createDocuments(schema: GraphQLSchema, introspection: boolean): Documents {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const cache = new Map<string, DocumentNode>();
  let characters = 0;

  return (source) => {
    const cached = cache.get(source);
    if (cached) {
      cache.delete(source);
      cache.set(source, cached);
      return cached;
    }
    const document = readDocument(source);
    if (!isRefused(document) && source.length <= CACHE.each) addToCache(source, document);
    return document;
  };

  function addToCache(source: string, document: DocumentNode): void {
    cache.set(source, document);
    characters += source.length;
    for (const oldest of cache.keys()) {
      if (characters <= CACHE.total) return;
      cache.delete(oldest);
      characters -= oldest.length;
    }
  }

  function readDocument(source: string): DocumentNode | readonly GraphQLError[] {
    const document = parseDocument(source);
    if (isRefused(document)) return document;
    const tooLarge = shapeErrors(document);
    if (tooLarge.length > 0) return tooLarge;
    const errors = validationErrors(document);
    return errors.length > 0 ? errors.map((error) => withExtensions(error, { code: "GRAPHQL_VALIDATION_FAILED" })) : document;
  }

  function validationErrors(document: DocumentNode): readonly GraphQLError[] {
    try {
      return validate(schema, document, rules, { hideSuggestions: !introspection, maxErrors: SHOWN_ERRORS });
    } catch (error) {
      // The rule that a subscription has one root field throws if a directive lacks its argument.
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }
}

/** Whether a step of reading a request returned errors instead of its result. */
export function isRefused(outcome: object): outcome is readonly GraphQLError[] {
  return Array.isArray(outcome);
}

function parseDocument(source: string): DocumentNode | readonly GraphQLError[] {
  const lineErrors = limitErrors("lines", countLines(source), LIMITS.lines);
  if (lineErrors.length > 0) return lineErrors;
  try {
    const tokens = tokenErrors(source);
    return tokens.length > 0 ? tokens : parse(source);
  } catch (error) {
    if (error instanceof GraphQLError) return [withExtensions(error, { code: "GRAPHQL_PARSE_FAILED" })];
    throw error;
  }
}

function countLines(source: string): number {
  let lines = 1;
  for (const _ of source.matchAll(/\r\n|[\n\r]/g)) if (++lines > LIMITS.lines) break;
  return lines;
}

function tokenErrors(source: string): readonly GraphQLError[] {
  const lexer = new Lexer(new Source(source));
  for (let tokens = 0; ;) {
    const { kind, start, end, value } = lexer.advance();
    if (kind === TokenKind.EOF) return [];
    if (++tokens > LIMITS.tokens) return limitErrors("tokens", `more than ${LIMITS.tokens}`, LIMITS.tokens);
    const isText = kind === TokenKind.STRING || kind === TokenKind.BLOCK_STRING;
    if (isText && unstorablePath(value)) return unstorableErrors("a text of the document");
    if (kind === TokenKind.NAME && end - start > LIMITS.nameLength)
      return limitErrors("nameLength", end - start, LIMITS.nameLength);
  }
}
