import { createRequire } from "node:module";
import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type * as QueryComplexity from "graphql-query-complexity";
import { restated } from "./present-error.js";

/** Its ES modules would bring a second copy of graphql, which does not know the types of ours. */
const { fieldExtensionsEstimator, getComplexity, simpleEstimator }: typeof QueryComplexity = createRequire(import.meta.url)(
  "graphql-query-complexity",
);

/**
 * What one operation may ask for, the same over HTTP, WebSocket and SSE. Tokens are limited by the parser; depth and fields
 * before validation, whose cost grows faster than the document; the cost before execution.
 */
export const LIMITS = {
  /** Bytes of a request's body or a WebSocket message. */
  bodyBytes: 256 * 1024,
  tokens: 4_000,
  /** The standard introspection query needs 15. */
  depth: 15,
  /** Fields of the document, with each fragment in its places. */
  fields: 500,
  /** Fields that an answer can have, by its lists' usual lengths: 100 full reports of 25 engines fit. */
  cost: 100_000,
} as const;

/** The limits of a document's form. */
export function formErrors(document: DocumentNode): GraphQLError[] {
  const { depth, fields } = measure(document);
  return [...exceeded("depth", depth, LIMITS.depth), ...exceeded("fields", fields, LIMITS.fields)];
}

/** An operation as a client asks for it. */
export interface Asked {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The limit of what executing a valid operation can cost. Variables that do not fit are refused here too. */
export function costErrors(schema: GraphQLSchema, { document, operationName, variables }: Asked): GraphQLError[] {
  try {
    const cost = getComplexity({
      schema,
      query: document,
      variables: { ...variables },
      ...(operationName ? { operationName } : {}),
      estimators: [fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })],
    });
    return exceeded("cost", cost, LIMITS.cost);
  } catch (error) {
    if (error instanceof GraphQLError) return [restated(error, { code: "BAD_USER_INPUT" })];
    throw error;
  }
}

function exceeded(limit: keyof typeof LIMITS, asked: number, most = LIMITS[limit]): GraphQLError[] {
  if (asked <= most) return [];
  const shown = Number.isFinite(asked) ? `${asked}` : "without end";
  const extensions = { code: "LIMIT_EXCEEDED", limit, asked: shown, most };
  return [new GraphQLError(`the ${limit} of this operation is ${shown}; ${most} is the most`, { extensions })];
}

interface Measure {
  readonly depth: number;
  readonly fields: number;
}

const NOTHING: Measure = { depth: 0, fields: 0 };
const ENDLESS: Measure = { depth: Infinity, fields: Infinity };

/** Depth and fields with every fragment in its places, each walked once; a fragment that contains itself has no end. */
function measure(document: DocumentNode): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, Measure>();

  function ofSet(set: SelectionSetNode | undefined): Measure {
    return sum((set?.selections ?? []).map(ofSelection));
  }

  function ofSelection(selection: SelectionNode): Measure {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    const { depth, fields } = ofSet(selection.selectionSet);
    return selection.kind === Kind.FIELD ? { depth: depth + 1, fields: fields + 1 } : { depth, fields };
  }

  function ofFragment(name: string): Measure {
    const before = known.get(name);
    if (before) return before;
    known.set(name, ENDLESS);
    const found = ofSet(fragments.get(name)?.selectionSet);
    known.set(name, found);
    return found;
  }

  const operations = document.definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? [ofSet(node.selectionSet)] : [],
  );
  return sum([...operations, ...[...fragments.keys()].filter((name) => !known.has(name)).map(ofFragment)]);
}

function sum(parts: readonly Measure[]): Measure {
  return parts.reduce((all, { depth, fields }) => ({ depth: Math.max(all.depth, depth), fields: all.fields + fields }), NOTHING);
}
