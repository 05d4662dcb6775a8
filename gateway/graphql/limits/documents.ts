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
import { exceeded, LIMITS } from "./limits.js";
import { restated } from "../context/present-error.js";
import { unwritable, unwritablePlace } from "./writable.js";

/** Errors that one answer lists at most: each costs a search for its place. */
const SHOWN_ERRORS = 10;
/** Characters of the documents that are remembered, and of each of them. */
const REMEMBERED = 64 * 1024;
const LONGEST = 16 * 1024;

/** A document ready to run, or what is wrong with it. */
export type Documents = (source: string) => DocumentNode | readonly GraphQLError[];

/**
 * Reads documents for every transport, by one set of rules and limits. Those used last are remembered, parsed and validated:
 * a thousand subscribers share one tree.
 */
export function createDocuments(schema: GraphQLSchema, introspection: boolean): Documents {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const known = new Map<string, DocumentNode>();
  let characters = 0;

  return (source) => {
    const before = known.get(source);
    if (before) {
      known.delete(source);
      known.set(source, before);
      return before;
    }
    const document = readDocument(source);
    if (!isRefused(document) && source.length <= LONGEST) remember(source, document);
    return document;
  };

  function remember(source: string, document: DocumentNode): void {
    known.set(source, document);
    characters += source.length;
    for (const oldest of known.keys()) {
      if (characters <= REMEMBERED) return;
      known.delete(oldest);
      characters -= oldest.length;
    }
  }

  function readDocument(source: string): DocumentNode | readonly GraphQLError[] {
    const document = parsed(source);
    if (isRefused(document)) return document;
    const shape = shapeErrors(document);
    if (shape.length > 0) return shape;
    const errors = validationErrors(document);
    return errors.length > 0 ? errors.map((error) => restated(error, { code: "GRAPHQL_VALIDATION_FAILED" })) : document;
  }

  function validationErrors(document: DocumentNode): readonly GraphQLError[] {
    try {
      return validate(schema, document, rules, { hideSuggestions: !introspection, maxErrors: SHOWN_ERRORS });
    } catch (error) {
      // The rule for the one field of a subscription throws at a directive without its argument.
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }
}

/** Whether what was made of a request is a list of errors. */
export function isRefused(made: object): made is readonly GraphQLError[] {
  return Array.isArray(made);
}

function parsed(source: string): DocumentNode | readonly GraphQLError[] {
  const lines = exceeded("lines", countLines(source), LIMITS.lines);
  if (lines.length > 0) return lines;
  try {
    const tokens = tokenErrors(source);
    return tokens.length > 0 ? tokens : parse(source);
  } catch (error) {
    if (error instanceof GraphQLError) return [restated(error, { code: "GRAPHQL_PARSE_FAILED" })];
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
    if (++tokens > LIMITS.tokens) return exceeded("tokens", `more than ${LIMITS.tokens}`, LIMITS.tokens);
    const isText = kind === TokenKind.STRING || kind === TokenKind.BLOCK_STRING;
    if (isText && unwritablePlace(value)) return unwritable("a text of the document");
    if (kind === TokenKind.NAME && end - start > LIMITS.nameLength) return exceeded("nameLength", end - start, LIMITS.nameLength);
  }
}
