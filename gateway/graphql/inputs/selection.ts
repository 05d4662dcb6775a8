import { BREAK, Kind, visit, type GraphQLResolveInfo, type OperationDefinitionNode, type SelectionSetNode } from "graphql";

/**
 * Whether an operation selects a field of what is resolved, itself or by a fragment. Fields that `@skip` and `@include` leave out
 * count as selected: reading them in vain costs less than evaluating the directives.
 */
export function selects({ fieldNodes, fragments }: GraphQLResolveInfo, field: string): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    set !== undefined &&
    set.selections.some((node) => {
      if (node.kind === Kind.FIELD) return node.name.value === field;
      return within(node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments[node.name.value]?.selectionSet);
    });
  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}

const DETAILS: ReadonlySet<string> = new Set(["details", "closed"]);
/** Documents are cached, so their operations are the same objects again. */
const known = new WeakMap<OperationDefinitionNode, boolean>();

/** Whether an operation asks anywhere for what can be long of results (or for something else that is so called). */
export function selectsDetails({ operation, fragments }: Pick<GraphQLResolveInfo, "operation" | "fragments">): boolean {
  const before = known.get(operation);
  if (before !== undefined) return before;
  let found = false;
  for (const part of [operation, ...Object.values(fragments)]) {
    visit(part, {
      Field({ name }) {
        if (!DETAILS.has(name.value)) return undefined;
        found = true;
        return BREAK;
      },
    });
  }
  known.set(operation, found);
  return found;
}
