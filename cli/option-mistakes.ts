import { GatewayError } from "../gateway/errors.js";
import { explain } from "./command.js";

/** Explains what ended a command; a mistake in a verb's input has the name of its option here. */
export function explainOptions(options: Readonly<Record<string, string>>): (error: unknown) => string {
  return (error) => {
    if (!(error instanceof GatewayError)) return explain(error);
    const [field = ""] = error.field;
    return error.message.replace(`${field}: `, `${options[field] ?? field}: `);
  };
}
