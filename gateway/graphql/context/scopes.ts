import {
  GraphQLError,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { Extensions } from "type-graphql";
import type { Scope } from "../../../schema/scopes.js";
import { may, type Caller } from "../../caller.js";

/** Which scope a query, mutation or subscription needs; every root field says so. */
export function Needs(scope: Scope): MethodDecorator {
  return Extensions({ scope });
}

/** One error for each root field of a valid operation that the caller has no scope for; else one for what it may not be told. */
export function scopeErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  caller: Caller,
): GraphQLError[] {
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  const errors = rootFields(document, operation.selectionSet).flatMap((node) => {
    const field = fields[node.name.value];
    // What is no field of ours is introspection, which any key may use.
    if (!field) return [];
    const scope = scopeOf(field.extensions);
    return may(caller, scope) ? [] : [refused(field.name, scope, node)];
  });
  return errors.length > 0 || may(caller, READING) ? errors : contentErrors(schema, document, operation);
}

const READING: Scope = "scan:read";

/** What those who may write but not read are told of what they made: enough to find it again. */
const RECEIPTS: Readonly<Record<string, ReadonlySet<string>>> = {
  Scan: new Set(["__typename", "id", "scanId", "revision", "startDate", "deadline"]),
  Batch: new Set(["__typename", "id", "batchId", "revision"]),
  Sample: new Set(["__typename", "id"]),
};

/** The first field that tells more of a scan than its receipt, however an operation comes to it. */
function contentErrors(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): GraphQLError[] {
  const errors: GraphQLError[] = [];
  const types = new TypeInfo(schema);
  const waiting: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  const seen = new Set<object>();
  for (let part = waiting.pop(); part && errors.length === 0; part = waiting.pop()) {
    if (seen.has(part)) continue;
    seen.add(part);
    visit(
      part,
      visitWithTypeInfo(types, {
        Field(node) {
          const type = types.getParentType()?.name ?? "";
          const told = RECEIPTS[type];
          if (told && !told.has(node.name.value)) errors.push(refused(`${type}.${node.name.value}`, READING, node));
        },
        FragmentSpread({ name }) {
          const fragment = fragmentOf(document, name.value);
          if (fragment) waiting.push(fragment);
        },
      }),
    );
  }
  return errors.slice(0, 1);
}

function refused(field: string, scope: Scope, node: FieldNode): GraphQLError {
  return new GraphQLError(`${field} needs a key with the scope ${scope}`, {
    nodes: node,
    extensions: { code: "FORBIDDEN", scope },
  });
}

/** A field that does not say is for `admin` alone. */
export function scopeOf({ scope }: { readonly scope?: unknown }): Scope {
  return (scope as Scope | undefined) ?? "admin";
}

function rootFields(document: DocumentNode, set: SelectionSetNode): FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(document, selection.selectionSet);
    const fragment = fragmentOf(document, selection.name.value);
    return fragment ? rootFields(document, fragment.selectionSet) : [];
  });
}

function fragmentOf({ definitions }: DocumentNode, name: string): FragmentDefinitionNode | undefined {
  return definitions.find(
    (node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
  );
}
