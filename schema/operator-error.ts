/** Something that the operator can put right. Its message is one sentence that says what and how; no stack is shown. */
export class StartError extends Error {
  override readonly name = "StartError";
}
