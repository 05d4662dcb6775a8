/** Something that the operator can put right. Its message is one sentence that says what happened and how; no stack is shown. */
export class OperatorError extends Error {
  override readonly name: string = "OperatorError";
}
