/** A question whose answer nothing keeps current: it says when it was read, and is read again when somebody asks for it. */

import { useCallback, useEffect, useState } from "react";
import { useQuery, type AnyVariables, type UseQueryArgs } from "urql";
import { serverNow } from "./clock.ts";

export interface Reading {
  /** Whether an answer is on its way. */
  readonly isReading: boolean;
  /** Undefined until it was read. */
  readonly readAt: string | undefined;
  again(): void;
}

export function useReading<Data, Variables extends AnyVariables>(question: UseQueryArgs<Variables, Data>) {
  const [{ data, error, fetching, stale }, ask] = useQuery<Data, Variables>(question);
  const [readAt, setReadAt] = useState<string>();
  const isReading = fetching || stale;
  useEffect(() => {
    if (data !== undefined && !isReading) setReadAt(new Date(serverNow()).toISOString());
  }, [data, isReading]);
  const again = useCallback(() => ask({ requestPolicy: "network-only" }), [ask]);
  return { data, error, isReading, readAt, again };
}
