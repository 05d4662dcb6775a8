import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { Extensions } from "type-graphql";
import type { Scope } from "../../schema/scopes.js";
import { may, type Caller } from "../caller.js";

/** Which scope a query, mutation or subscription needs; every root field says so. */
export function Needs(scope: Scope): MethodDecorator {
  return Extensions({ scope });
}

/** One error for each root field of a valid operation that the caller has no scope for. */
export function scopeErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  caller: Caller,
): GraphQLError[] {
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  return rootFields(document, operation.selectionSet).flatMap((node) => {
    const field = fields[node.name.value];
    // What is no field of ours is introspection, which any key may use.
    if (!field) return [];
    const scope = scopeOf(field.extensions);
    if (may(caller, scope)) return [];
    const message = `${field.name} needs a key with the scope ${scope}`;
    return [new GraphQLError(message, { nodes: node, extensions: { code: "FORBIDDEN", scope } })];
  });
}

/** A field that does not say is for `admin` alone. */
function scopeOf({ scope }: { readonly scope?: unknown }): Scope {
  return (scope as Scope | undefined) ?? "admin";
}

function rootFields(document: DocumentNode, set: SelectionSetNode): FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(document, selection.selectionSet);
    const fragment = document.definitions.find(
      (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? rootFields(document, fragment.selectionSet) : [];
  });
}
