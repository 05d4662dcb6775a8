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
// Its ES modules would load a second copy of graphql, which rejects the types of the first.
import { fieldExtensionsEstimator, getComplexity, type ComplexityEstimator } from "graphql-query-complexity/cjs";
import { limitErrors, LIMITS } from "./limits.js";
import { withExtensions } from "../context/present-error.js";
import { unstorableErrors, unstorablePath } from "./storable.js";

/** The assumed length of a list whose field has no complexity of its own. */
const TYPICAL_LENGTH = 25;
/** The longest page. */
const LONGEST_PAGE = 100;
const SHOWN_ERRORS = 5;
/** How many sets of variables are remembered per operation, and how long each may be as JSON. */
const REMEMBERED = { each: 32, characters: 256 };

/** A request with its document parsed. */
export interface ParsedRequest {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The errors in an operation's variables or its cost. */
export type CostCheck = (operation: OperationDefinitionNode, request: ParsedRequest) => readonly GraphQLError[];

export function createCostCheck(schema: GraphQLSchema): CostCheck {
  const estimators = [listEstimator(schema)];
  /** Variables, as JSON, that passed the check before: dashboards repeat the same requests. */
  const passed = new WeakMap<OperationDefinitionNode, Set<string>>();

  return (operation, { document, operationName, variables }) => {
    const sizeErrors = variableSizeErrors(variables ?? {});
    if (sizeErrors.length > 0) return sizeErrors;
    const text = JSON.stringify(variables ?? {});
    const passedBefore = passed.get(operation);
    if (passedBefore?.has(text)) return [];
    const errors = variableErrors(schema, operation, variables ?? {});
    if (errors.length > 0) return errors;
    const named = operationName ? { operationName } : {};
    try {
      const cost = getComplexity({ schema, query: document, variables: { ...variables }, ...named, estimators });
      const costErrors = limitErrors("cost", Math.ceil(cost), LIMITS.cost);
      if (costErrors.length === 0 && text.length <= REMEMBERED.characters) {
        if (passedBefore === undefined || passedBefore.size >= REMEMBERED.each) passed.set(operation, new Set([text]));
        else passedBefore.add(text);
      }
      return costErrors;
    } catch (error) {
      if (error instanceof GraphQLError) return [withExtensions(error, { code: "BAD_USER_INPUT" })];
      throw error;
    }
  };
}

function variableSizeErrors(variables: Readonly<Record<string, unknown>>): readonly GraphQLError[] {
  const { values, depth } = measureVariables(variables);
  return [
    ...limitErrors("values", values > LIMITS.values ? `more than ${LIMITS.values}` : values, LIMITS.values),
    ...limitErrors("inputDepth", depth > LIMITS.inputDepth ? `more than ${LIMITS.inputDepth}` : depth, LIMITS.inputDepth),
  ];
}

function variableErrors(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const unstorable = Object.entries(variables).flatMap(([name, value]) => {
    const path = unstorablePath(value);
    return path ? unstorableErrors([`$${name}`, ...path].join(".")) : [];
  });
  if (unstorable.length > 0) return unstorable.slice(0, SHOWN_ERRORS);
  const { errors } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: SHOWN_ERRORS });
  return (errors ?? []).map((error) => withExtensions(error, { code: "BAD_USER_INPUT" }));
}

/** The number of values and the depth of nesting. Stops counting once a limit is exceeded. */
function measureVariables(variables: Readonly<Record<string, unknown>>): { values: number; depth: number } {
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
 * A field costs 1 plus the cost of its selected subfields for each entry. The number of entries comes from its own `complexity`, the
 * typical length of a list, or the `first` of a page, whose entries are counted once. No field is free, whatever its arguments are.
 */
function listEstimator(schema: GraphQLSchema): ComplexityEstimator {
  const own = fieldExtensionsEstimator();
  const lengths = introspectionLengths(schema);

  return (options) => {
    const { type, field, args, childComplexity } = options;
    const ownCost = own(options);
    if (typeof ownCost === "number" && !Number.isNaN(ownCost)) return Math.max(1, ownCost);
    if (!isListType(getNullableType(field.type))) {
      const isPage = field.args.some(({ name }) => name === "first");
      return 1 + (isPage ? Math.min(Math.max(Number(args["first"] ?? TYPICAL_LENGTH), 1), LONGEST_PAGE) : 1) * childComplexity;
    }
    if (type.name.endsWith("Connection")) return 1 + childComplexity;
    return 1 + (lengths.get(`${type.name}.${field.name}`) ?? TYPICAL_LENGTH) * childComplexity;
  };
}

/** The average lengths of introspection lists in this schema. */
function introspectionLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) => (isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []));
  const inputs = types.flatMap((type) => (isInputObjectType(type) ? Object.values(type.getFields()) : []));
  const values = types.flatMap((type) => (isEnumType(type) ? type.getValues() : []));
  const inherited = types.flatMap((type) => (isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : []));
  const args = fields.flatMap((field) => field.args);
  const directives = schema.getDirectives();
  const average = (count: number, among: number) => count / Math.max(1, among);
  return new Map([
    ["__Schema.types", types.length],
    ["__Schema.directives", directives.length],
    ["__Type.fields", average(fields.length, types.length)],
    ["__Type.inputFields", average(inputs.length, types.length)],
    ["__Type.enumValues", average(values.length, types.length)],
    ["__Type.interfaces", average(inherited.length, types.length)],
    ["__Type.possibleTypes", average(inherited.length, types.length)],
    ["__Field.args", average(args.length, fields.length)],
    ["__Directive.args", average(directives.flatMap((directive) => directive.args).length, directives.length)],
  ]);
}
