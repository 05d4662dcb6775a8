/** What no subscription tells: it is asked again every few seconds while the page is looked at. */

import { useCallback, useEffect } from "react";
import { useQuery, type OperationContext, type TypedDocumentNode } from "urql";

const ASK_EVERY_MS = 10_000;
const NONE = {};

/** `context` says which other answers it is read again after; it has to be the same object each time. */
export function usePolled<Data>(
  query: TypedDocumentNode<Data, Record<string, never>>,
  context: Partial<OperationContext> = NONE,
) {
  const [answer, ask] = useQuery({ query, variables: {}, context });
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) ask({ requestPolicy: "network-only" });
    }, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [ask]);
  const again = useCallback(() => ask({ requestPolicy: "network-only" }), [ask]);
  return { ...answer, again };
}
