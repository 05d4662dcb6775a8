/** An order to the mesh: a mutation with one field, whose answer has a `message` if it was refused. */

import { useState } from "react";
import { useMutation, type TypedDocumentNode } from "urql";

export function useOrder<Data extends object, Variables extends Record<string, unknown>>(
  mutation: TypedDocumentNode<Data, Variables>,
) {
  const [{ fetching }, send] = useMutation(mutation);
  const [problem, setProblem] = useState<Error>();
  /** Its answer, or undefined if it was refused: then `problem` says why. */
  const order = async (variables: Variables): Promise<Data | undefined> => {
    const { data, error } = await send(variables);
    const [answer] = Object.values(data ?? {}) as (object | null)[];
    const refusal = error ?? (answer && "message" in answer ? new Error(String(answer.message)) : undefined);
    setProblem(refusal);
    return refusal === undefined ? data : undefined;
  };
  return { order, fetching, problem };
}
