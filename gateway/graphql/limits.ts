import { createRequire } from "node:module";
import { GraphQLError, Kind, type DocumentNode, type FragmentDefinitionNode, type GraphQLSchema, type SelectionSetNode } from "graphql";
import { restated } from "./present-error.js";

/** Its ES modules would bring a second copy of graphql, which does not know the types of ours. */
const { fieldExtensionsEstimator, getComplexity, simpleEstimator } = createRequire(import.meta.url)(
  "graphql-query-complexity",
) as typeof import("graphql-query-complexity");

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
  /** Fields written in the document. */
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

/** Depth over fragments, each of them walked once; a fragment that contains itself has no depth that is enough. */
function measure(document: DocumentNode): { depth: number; fields: number } {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const depths = new Map<string, number>();
  let fields = 0;

  function depthOf(set: SelectionSetNode | undefined): number {
    let deepest = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) fields += 1;
      deepest = Math.max(deepest, depthOfSelection(selection));
    }
    return deepest;
  }

  function depthOfSelection(selection: SelectionSetNode["selections"][number]): number {
    switch (selection.kind) {
      case Kind.FIELD:
        return 1 + depthOf(selection.selectionSet);
      case Kind.INLINE_FRAGMENT:
        return depthOf(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD:
        return depthOfFragment(selection.name.value);
    }
  }

  function depthOfFragment(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    depths.set(name, Infinity);
    const depth = depthOf(fragments.get(name)?.selectionSet);
    depths.set(name, depth);
    return depth;
  }

  let depth = 0;
  for (const node of document.definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) depth = Math.max(depth, depthOf(node.selectionSet));
    if (node.kind === Kind.FRAGMENT_DEFINITION) depth = Math.max(depth, depthOfFragment(node.name.value));
  }
  return { depth, fields };
}
