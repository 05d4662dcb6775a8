import { BREAK, Kind, visit, type GraphQLResolveInfo, type OperationDefinitionNode, type SelectionSetNode } from "graphql";

/**
 * Whether an operation selects a field of the resolved object, directly or in a fragment. Fields excluded by `@skip` and `@include` count
 * as selected: reading them needlessly costs less than evaluating the directives.
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
/** Documents are cached, so the same operation is the same object. */
const known = new WeakMap<OperationDefinitionNode, boolean>();

/** Whether an operation selects the long parts of results anywhere (or any other field with such a name). */
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
