import { badInput } from "../../errors.js";

/** Page sizes. */
export const PAGE = { default: 25, most: 100 };

/** A page of a list as a Relay connection. */
export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** The page with the first `first` rows of `found`, which has one more row if there is a next page. */
export function pageOf<T>(
  found: readonly T[],
  { first, continued, cursorOf }: { first: number; continued: boolean; cursorOf: (row: T) => string },
): Connection<T> {
  const nodes = found.slice(0, first);
  const cursorAt = (index: number) => {
    const node = nodes.at(index);
    return node === undefined ? null : cursorOf(node);
  };
  return {
    /** Computed on demand, because most clients ask only for the nodes. */
    get edges() {
      return nodes.map((node) => ({ cursor: cursorOf(node), node }));
    },
    nodes,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage: continued,
      startCursor: cursorAt(0),
      endCursor: cursorAt(-1),
    },
  };
}

/** Throws BAD_INPUT for a page that would be empty or too long. */
export function pageLength(first: number): number {
  if (first < 1 || first > PAGE.most) throw badInput("first", `must be from 1 to ${PAGE.most}`);
  return first;
}
