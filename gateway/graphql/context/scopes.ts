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

/** What a root field requires: a key with a scope, or any key. */
export type FieldNeed = Scope | "key";

/** Declares what a query, mutation or subscription requires. Every root field has it. */
export function Needs(scope: FieldNeed): MethodDecorator {
  return Extensions({ scope });
}

/** Errors for the root fields of a valid operation that the caller has no scope for, otherwise for the first field it may not read. */
export function scopeErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  caller: Caller,
): GraphQLError[] {
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  const errors = rootFields(document, operation.selectionSet).flatMap((node) => {
    const field = fields[node.name.value];
    // Unknown root fields are introspection, which any key may use.
    if (!field) return [];
    const scope = scopeOf(field.extensions);
    return scope === "key" || may(caller, scope) ? [] : [scopeError(field.name, scope, node)];
  });
  return errors.length > 0 || may(caller, READ_SCOPE) ? errors : unreadableFieldErrors(schema, document, operation);
}

const READ_SCOPE: Scope = "scan:read";

/** The fields of its own objects that a caller can read without the scope `scan:read`: enough to find them again. */
const RECEIPT_FIELDS: Readonly<Record<string, ReadonlySet<string>>> = {
  Scan: new Set(["__typename", "id", "scanId", "revision", "startDate", "deadline"]),
  Batch: new Set(["__typename", "id", "batchId", "revision"]),
  Sample: new Set(["__typename", "id"]),
  RulesetVersion: new Set(["__typename", "id", "engine", "name", "number", "state", "createdAt"]),
};

/** An error for the first field not in {@link RECEIPT_FIELDS}, however the operation selects it. */
function unreadableFieldErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): GraphQLError[] {
  const errors: GraphQLError[] = [];
  const types = new TypeInfo(schema);
  const parts: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  const seen = new Set<object>();
  for (let part = parts.pop(); part && errors.length === 0; part = parts.pop()) {
    if (seen.has(part)) continue;
    seen.add(part);
    visit(
      part,
      visitWithTypeInfo(types, {
        Field(node) {
          const type = types.getParentType()?.name ?? "";
          const readable = RECEIPT_FIELDS[type];
          if (readable && !readable.has(node.name.value)) errors.push(scopeError(`${type}.${node.name.value}`, READ_SCOPE, node));
        },
        FragmentSpread({ name }) {
          const fragment = findFragment(document, name.value);
          if (fragment) parts.push(fragment);
        },
      }),
    );
  }
  return errors.slice(0, 1);
}

function scopeError(field: string, scope: Scope, node: FieldNode): GraphQLError {
  return new GraphQLError(`${field} needs a key with the scope ${scope}`, {
    nodes: node,
    extensions: { code: "FORBIDDEN", scope },
  });
}

/** What a root field requires; `admin` if it does not declare it. */
export function scopeOf({ scope }: { readonly scope?: unknown }): FieldNeed {
  return (scope as FieldNeed | undefined) ?? "admin";
}

/** The top-level fields of an operation, including those in fragments. */
export function rootFields(document: DocumentNode, set: SelectionSetNode): FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(document, selection.selectionSet);
    const fragment = findFragment(document, selection.name.value);
    return fragment ? rootFields(document, fragment.selectionSet) : [];
  });
}

function findFragment({ definitions }: DocumentNode, name: string): FragmentDefinitionNode | undefined {
  return definitions.find(
    (node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name,
  );
}
