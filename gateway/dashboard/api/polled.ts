/** What no subscription tells: it is asked again every few seconds while the page is looked at. */

import { useCallback, useEffect } from "react";
import { useQuery, type AnyVariables, type OperationContext, type TypedDocumentNode } from "urql";

interface Polling<Variables> {
  readonly variables?: Variables;
  /** Which other answers it is read again after; it has to be the same object each time. */
  readonly context?: Partial<OperationContext>;
  readonly everyMs?: number;
}

const ASK_EVERY_MS = 10_000;
/** For what one waits for. */
export const ASK_OFTEN_MS = 2_000;
const NONE = {};

export function usePolled<Data, Variables extends AnyVariables = Record<string, never>>(
  query: TypedDocumentNode<Data, Variables>,
  { variables, context = NONE, everyMs = ASK_EVERY_MS }: Polling<Variables> = NONE,
) {
  const [answer, ask] = useQuery<Data>({ query, variables: variables ?? {}, context });
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) ask({ requestPolicy: "network-only" });
    }, everyMs);
    return () => clearInterval(timer);
  }, [ask, everyMs]);
  const again = useCallback(() => ask({ requestPolicy: "network-only" }), [ask]);
  return { ...answer, again };
}
