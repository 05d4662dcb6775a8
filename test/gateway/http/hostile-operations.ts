/** GraphQL operations that are half right: each root field of the schema with arguments that it does not expect. */

import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from "graphql";
import { mutated, nastyText, nastyValue, type Dice } from "./hostile-values.js";

export interface HostileOperation {
  readonly query: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

const KINDS = ["query", "query", "mutation", "subscription"] as const;

export function hostileOperation(
  dice: Dice,
  schema: GraphQLSchema,
  kinds: readonly (typeof KINDS)[number][] = KINDS,
): HostileOperation {
  const { query, variables } = likely(dice, schema, dice.pick(kinds));
  return {
    query: dice.chance(0.35) ? mutated(dice, query) : dice.chance(0.03) ? nastyValue(dice) : query,
    variables: dice.chance(0.08) ? nastyValue(dice) : variables,
    ...(dice.chance(0.05) ? { operationName: nastyValue(dice) } : {}),
    ...(dice.chance(0.05) ? { extensions: { persistedQuery: nastyValue(dice) } } : {}),
  };
}

/** An operation of one root field that would pass if its values were right. */
function likely(
  dice: Dice,
  schema: GraphQLSchema,
  kind: (typeof KINDS)[number],
): { query: string; variables: Record<string, unknown> } {
  const roots = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() };
  const field = dice.pick(Object.values(roots[kind]?.getFields() ?? {}));
  const given = field.args.filter(({ type }) => isNonNullType(type) || dice.chance(0.5));
  const declared = given.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const passed = given.map(({ name }) => `${name}: $${name}`).join(", ");
  const brackets = (inside: string) => (inside === "" ? "" : `(${inside})`);
  const query = `${kind}${brackets(declared)} { ${field.name}${brackets(passed)} ${selection(dice, schema, field.type)} }`;
  return { query, variables: Object.fromEntries(given.map(({ name, type }) => [name, valueFor(dice, type)])) };
}

function selection(dice: Dice, schema: GraphQLSchema, type: GraphQLOutputType, depth = 0): string {
  const named: GraphQLNamedType = getNamedType(type);
  if (!isCompositeType(named)) return "";
  if (isUnionType(named))
    return `{ __typename ${named
      .getTypes()
      .map((one) => `... on ${one.name} ${selection(dice, schema, one, depth)}`)
      .join(" ")} }`;
  const fields = Object.values(named.getFields()).filter(({ args }) => !args.some(({ type: wanted }) => isNonNullType(wanted)));
  const leaves = fields.filter((field) => !isCompositeType(getNamedType(field.type))).map(({ name }) => name);
  const deeper = fields.filter((field) => isCompositeType(getNamedType(field.type)) && depth < 3 && dice.chance(0.4));
  const below = deeper.slice(0, 3).map((field) => `${field.name} ${selection(dice, schema, field.type, depth + 1)}`);
  const spread = isObjectType(named) ? "" : `... on ${dice.pick(schema.getPossibleTypes(named)).name} { __typename }`;
  return `{ __typename ${leaves.filter(() => dice.chance(0.6)).join(" ")} ${below.join(" ")} ${spread} }`;
}

function valueFor(dice: Dice, type: GraphQLInputType, depth = 0): unknown {
  if (dice.chance(0.15)) return nastyValue(dice);
  const inner = getNullableType(type);
  if (isListType(inner))
    return Array.from({ length: dice.below(4) }, () => valueFor(dice, inner.ofType as GraphQLInputType, depth + 1));
  if (isEnumType(inner)) return dice.chance(0.1) ? nastyText(dice) : dice.pick(inner.getValues()).name;
  if (isInputObjectType(inner)) {
    const fields = Object.values(inner.getFields()).filter(({ type: wanted }) => dice.chance(isNonNullType(wanted) ? 0.95 : 0.5));
    return Object.fromEntries(fields.map((field) => [field.name, valueFor(dice, field.type, depth + 1)]));
  }
  if (inner.name === "Boolean") return dice.chance(0.5);
  if (inner.name === "Int" || inner.name === "SafeInt" || inner.name === "Float")
    return dice.chance(0.6) ? dice.below(200) - 20 : nastyValue(dice);
  return nastyText(dice);
}
