/** What no subscription tells: it is asked again every few seconds while the page is looked at. */

import { useEffect } from "react";
import { useQuery, type TypedDocumentNode } from "urql";

const ASK_EVERY_MS = 10_000;

export function usePolled<Data>(query: TypedDocumentNode<Data, Record<string, never>>) {
  const [answer, ask] = useQuery({ query, variables: {} });
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) ask({ requestPolicy: "network-only" });
    }, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [ask]);
  return answer;
}
