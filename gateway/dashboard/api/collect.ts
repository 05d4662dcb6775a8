/** A list that is told once whole and then by its changes. */

import { useCallback, useMemo } from "react";
import { useSubscription, type TypedDocumentNode } from "urql";

type NoVariables = Record<string, never>;

/** What one event says: the whole list, or what is new, has changed or is gone. */
export interface ListChange<T> {
  readonly snapshot: boolean;
  readonly changed: readonly T[];
  /** Names of those that are gone. */
  readonly gone: readonly string[];
}

/** The list as it is now, by name; undefined until it was told. */
export function useCollected<Data, T>(
  query: TypedDocumentNode<Data, NoVariables>,
  nameOf: (entry: T) => string,
  changeIn: (data: Data) => ListChange<T>,
  { pause = false } = {},
): { readonly entries: readonly T[] | undefined; readonly error: Error | undefined } {
  // Both functions are the same whenever they are given.
  const collect = useCallback((known: ReadonlyMap<string, T> | undefined, data: Data) => {
    const { snapshot, changed, gone } = changeIn(data);
    const entries = new Map(snapshot ? [] : known);
    for (const entry of changed) entries.set(nameOf(entry), entry);
    for (const name of gone) entries.delete(name);
    return entries;
  }, []);
  const [{ data, error }] = useSubscription<Data, ReadonlyMap<string, T>, NoVariables>({ query, variables: {}, pause }, collect);
  const entries = useMemo(
    () => data && [...data.values()].toSorted((one, other) => nameOf(one).localeCompare(nameOf(other))),
    [data],
  );
  return { entries, error };
}
