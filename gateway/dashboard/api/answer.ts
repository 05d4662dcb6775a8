import type { OperationResult } from "urql";

/** What the gateway answers. Throws the error if there is one. */
export async function answerTo<Data>(asked: PromiseLike<OperationResult<Data>>): Promise<Data> {
  const { data, error } = await asked;
  if (error || data === undefined) throw error ?? new Error("The gateway did not answer.");
  return data;
}
