import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";

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
