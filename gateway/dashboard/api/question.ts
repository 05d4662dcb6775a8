/** A question that can be asked again, also while its answer is on its way. */

import { useCallback, useEffect, useRef } from "react";
import { createRequest, useQuery, type AnyVariables, type UseQueryArgs } from "urql";
import { askOnceMore, isOnItsWay } from "./under-way.ts";

/** Its state, and what asks again: the answer to that is no older than the call. */
export function useQuestion<Data, Variables extends AnyVariables>(question: UseQueryArgs<Variables, Data>) {
  const [state, ask] = useQuery<Data, Variables>(question);
  const { key } = createRequest(question.query, question.variables as Variables);
  const again = useCallback(() => {
    if (isOnItsWay(key)) askOnceMore(key);
    else ask({ requestPolicy: "network-only" });
  }, [key, ask]);
  return [state, again] as const;
}

/** Asks again after each change of something that the answer depends on. */
export function useAgainAfter(changes: string, again: () => void): void {
  const known = useRef(changes);
  useEffect(() => {
    if (known.current === changes) return;
    known.current = changes;
    again();
  }, [changes, again]);
}
