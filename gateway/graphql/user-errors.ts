import { UserErrorCode } from "../../schema/graphql/enums.js";
import { GatewayError } from "../errors.js";

/** The data of a type that implements UserError. */
export interface UserErrorRecord {
  readonly message: string;
  readonly code: UserErrorCode;
  readonly path: readonly string[];
  readonly retryAfter: number | null;
}

/** A mistake in one field of a mutation's input. */
export function mistake(field: string, message: string, code: UserErrorCode = "BAD_INPUT"): UserErrorRecord {
  return { message: `${field}: ${message}`, code, path: ["input", field], retryAfter: null };
}

/** A verb's refusal as a mutation returns it, or undefined if it is none that the caller can do something about. */
export function userError(error: unknown, path: readonly string[]): UserErrorRecord | undefined {
  if (!(error instanceof GatewayError) || !isUserErrorCode(error.code)) return undefined;
  return { message: error.message, code: error.code, path, retryAfter: error.retryAfter ?? null };
}

/** What a verb gives, or its refusal as a mutation returns it. */
export async function orUserError<T>(path: readonly string[], verb: () => Promise<T>): Promise<T | UserErrorRecord> {
  try {
    return await verb();
  } catch (error) {
    const answer = userError(error, path);
    if (answer === undefined) throw error;
    return answer;
  }
}

function isUserErrorCode(code: string): code is UserErrorCode {
  return Object.hasOwn(UserErrorCode, code);
}
