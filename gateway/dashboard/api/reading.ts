/** A question whose answer nothing keeps current: it says when it was read, and is read again when somebody asks for it. */

import { useEffect, useState } from "react";
import type { AnyVariables, UseQueryArgs } from "urql";
import { serverNow } from "./clock.ts";
import { useQuestion } from "./question.ts";

export interface Reading {
  /** Whether an answer is on its way. */
  readonly isReading: boolean;
  /** Undefined until it was read. */
  readonly readAt: string | undefined;
  again(): void;
}

export function useReading<Data, Variables extends AnyVariables>(question: UseQueryArgs<Variables, Data>) {
  const [{ data, error, fetching, stale }, again] = useQuestion<Data, Variables>(question);
  const [readAt, setReadAt] = useState<string>();
  const isReading = fetching || stale;
  useEffect(() => {
    if (data !== undefined && !isReading) setReadAt(new Date(serverNow()).toISOString());
  }, [data, isReading]);
  return { data, error, isReading, readAt, again };
}
