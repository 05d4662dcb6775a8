import { createRequire } from "node:module";
import {
  getNullableType,
  getVariableValues,
  GraphQLError,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import type * as QueryComplexity from "graphql-query-complexity";
import { exceeded, LIMITS } from "./limits.js";
import { restated } from "../context/present-error.js";
import { unwritable, unwritablePlace } from "./writable.js";

/** Its ES modules would bring a second copy of graphql, which does not know the types of ours. */
const { fieldExtensionsEstimator, getComplexity }: typeof QueryComplexity = createRequire(import.meta.url)(
  "graphql-query-complexity",
);

/** Entries that a list is reckoned with, if its field does not say. */
const USUAL_LENGTH = 25;
/** The most entries of a page. */
const PAGE = 100;
const SHOWN_ERRORS = 5;
/** How many variables are remembered of an operation, and how long they may be. */
const REMEMBERED = { each: 32, characters: 256 };

/** An operation as a client asks for it. */
export interface Asked {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What is wrong with what an operation is given, or costs. */
export type CostCheck = (operation: OperationDefinitionNode, asked: Asked) => readonly GraphQLError[];

export function createCostCheck(schema: GraphQLSchema): CostCheck {
  const estimators = [listEstimator(schema)];
  /** Variables, as text, that are right and with which an operation costs no more than it may: dashboards ask the same again and again. */
  const known = new WeakMap<OperationDefinitionNode, Set<string>>();

  return (operation, { document, operationName, variables }) => {
    const excess = extentErrors(variables ?? {});
    if (excess.length > 0) return excess;
    const text = JSON.stringify(variables ?? {});
    const before = known.get(operation);
    if (before?.has(text)) return [];
    const errors = variableErrors(schema, operation, variables ?? {});
    if (errors.length > 0) return errors;
    const named = operationName ? { operationName } : {};
    try {
      const cost = getComplexity({ schema, query: document, variables: { ...variables }, ...named, estimators });
      const over = exceeded("cost", Math.ceil(cost), LIMITS.cost);
      if (over.length === 0 && text.length <= REMEMBERED.characters) {
        if (before === undefined || before.size >= REMEMBERED.each) known.set(operation, new Set([text]));
        else before.add(text);
      }
      return over;
    } catch (error) {
      if (error instanceof GraphQLError) return [restated(error, { code: "BAD_USER_INPUT" })];
      throw error;
    }
  };
}

function extentErrors(variables: Readonly<Record<string, unknown>>): readonly GraphQLError[] {
  const { values, depth } = extent(variables);
  return [
    ...exceeded("values", values > LIMITS.values ? `more than ${LIMITS.values}` : values, LIMITS.values),
    ...exceeded("inputDepth", depth > LIMITS.inputDepth ? `more than ${LIMITS.inputDepth}` : depth, LIMITS.inputDepth),
  ];
}

function variableErrors(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const wrong = Object.entries(variables).flatMap(([name, value]) => {
    const place = unwritablePlace(value);
    return place ? unwritable([`$${name}`, ...place].join(".")) : [];
  });
  if (wrong.length > 0) return wrong.slice(0, SHOWN_ERRORS);
  const { errors } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: SHOWN_ERRORS });
  return (errors ?? []).map((error) => restated(error, { code: "BAD_USER_INPUT" }));
}

/** How many values there are and how deep they go, as far as the limits reach. */
function extent(variables: Readonly<Record<string, unknown>>): { values: number; depth: number } {
  let values = Object.keys(variables).length;
  let depth = 0;
  if (values > LIMITS.values) return { values, depth };
  let level: readonly unknown[] = Object.values(variables);
  while (values <= LIMITS.values && depth <= LIMITS.inputDepth) {
    const within = level
      .filter((value) => typeof value === "object" && value !== null)
      .map((value) => Object.values(value as object));
    if (within.length === 0) break;
    depth++;
    level = within.flat();
    values += level.length;
  }
  return { values, depth };
}

/**
 * A field costs itself and what is asked of each of its entries: as its own `complexity` reckons, or by the usual length of a
 * list, or by the `first` of a page, whose entries are then counted once. It never costs nothing, whatever its arguments say.
 */
function listEstimator(schema: GraphQLSchema): QueryComplexity.ComplexityEstimator {
  const own = fieldExtensionsEstimator();
  const lengths = introspectionLengths(schema);

  return (asked) => {
    const { type, field, args, childComplexity } = asked;
    const stated = own(asked);
    if (typeof stated === "number" && !Number.isNaN(stated)) return Math.max(1, stated);
    if (!isListType(getNullableType(field.type))) {
      const isPage = field.args.some(({ name }) => name === "first");
      return 1 + (isPage ? Math.min(Math.max(Number(args["first"] ?? USUAL_LENGTH), 1), PAGE) : 1) * childComplexity;
    }
    if (type.name.endsWith("Connection")) return 1 + childComplexity;
    return 1 + (lengths.get(`${type.name}.${field.name}`) ?? USUAL_LENGTH) * childComplexity;
  };
}

/** How long the lists of the introspection are in this schema, on average over all types. */
function introspectionLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) => (isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []));
  const inputs = types.flatMap((type) => (isInputObjectType(type) ? Object.values(type.getFields()) : []));
  const values = types.flatMap((type) => (isEnumType(type) ? type.getValues() : []));
  const inherited = types.flatMap((type) => (isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : []));
  const args = fields.flatMap((field) => field.args);
  const directives = schema.getDirectives();
  const most = (count: number, among: number) => count / Math.max(1, among);
  return new Map([
    ["__Schema.types", types.length],
    ["__Schema.directives", directives.length],
    ["__Type.fields", most(fields.length, types.length)],
    ["__Type.inputFields", most(inputs.length, types.length)],
    ["__Type.enumValues", most(values.length, types.length)],
    ["__Type.interfaces", most(inherited.length, types.length)],
    ["__Type.possibleTypes", most(inherited.length, types.length)],
    ["__Field.args", most(args.length, fields.length)],
    ["__Directive.args", most(directives.flatMap((directive) => directive.args).length, directives.length)],
  ]);
}
