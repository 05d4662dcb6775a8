import { UserErrorCode } from "../../../schema/graphql/user-error.js";
import { BatchRefused, GatewayError } from "../../errors.js";

/** The data of a type that implements UserError. */
export interface UserErrorRecord {
  readonly message: string;
  readonly code: UserErrorCode;
  readonly path: readonly string[];
  readonly retryAfter: number | null;
  /** For BatchRefused: an error for each sample. */
  readonly errors?: readonly UserErrorRecord[];
}

/** An error at a path in a mutation's input; an empty path means the whole input. */
export function mistake(path: readonly string[], message: string, code: UserErrorCode = "BAD_INPUT"): UserErrorRecord {
  const text = path.length === 0 ? message : `${path.join(".")}: ${message}`;
  return { message: text, code, path: ["input", ...path], retryAfter: null };
}

/** A verb's error as a mutation returns it; undefined if the caller cannot correct it. */
export function userError(error: unknown, path: readonly string[]): UserErrorRecord | undefined {
  if (!(error instanceof GatewayError) || !isUserErrorCode(error.code)) return undefined;
  const record = {
    message: error.message,
    code: error.code,
    path: [...path, ...error.field],
    retryAfter: error.retryAfter ?? null,
  };
  if (!(error instanceof BatchRefused)) return record;
  const errors = error.refusals.flatMap(({ index, error: one }) => userError(one, [...record.path, String(index)]) ?? []);
  return { ...record, errors };
}

/** A verb's result, or its error as a mutation returns it. */
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
