/** Errors that clients can cause, or must wait out. Each code has one HTTP status. */
export const ERROR_STATUS = {
  BAD_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  UPLOAD_TIMEOUT: 408,
  UPLOAD_EXPIRED: 410,
  SAMPLE_GONE: 410,
  TOO_LARGE: 413,
  SAMPLE_NOT_STORED: 422,
  IDEMPOTENCY_CONFLICT: 422,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  QUERY_TIMEOUT: 504,
  STORAGE_FULL: 507,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** The client's fault, or a state of the mesh that the client must know about: shown unchanged. Other errors are INTERNAL. */
export class GatewayError extends Error {
  override readonly name: string = "GatewayError";
  /** Seconds after which the caller may try again. */
  readonly retryAfter: number | undefined;
  /** The part of the input at fault, as a path; empty for the whole input. */
  readonly field: readonly string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { retryAfter?: number; field?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfter = options.retryAfter;
    this.field = options.field ?? [];
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  /** The same error about a part of the input. */
  about(field: string): GatewayError {
    const { code, message, retryAfter, cause } = this;
    return new GatewayError(code, message, { ...(retryAfter === undefined ? {} : { retryAfter }), field: [field], cause });
  }
}

/** Samples of a batch that cannot be scanned, so none of the batch is. Has the code of the first. */
export class BatchRefused extends GatewayError {
  constructor(
    readonly refusals: readonly { readonly index: number; readonly error: GatewayError }[],
    total: number,
  ) {
    const [first] = refusals;
    super(first?.error.code ?? "BAD_INPUT", `${refusals.length} of ${total} samples cannot be scanned; none was accepted`, {
      field: ["samples"],
      ...(first?.error.retryAfter === undefined ? {} : { retryAfter: first.error.retryAfter }),
    });
  }
}

/** Postgres is away, or was lost during a statement, which may or may not have been carried out. */
export class DatabaseAway extends GatewayError {
  constructor(cause: unknown, message = "the database is not reachable") {
    super("UNAVAILABLE", message, { retryAfter: 2, cause });
  }
}

/** Postgres has no room left on its disk, or its disk fails. */
export class DatabaseFull extends DatabaseAway {
  constructor(cause: unknown) {
    super(cause, "nothing can be stored now: the disk of Postgres is full or broken");
  }
}

/** The error for one part of the input, by its path, e.g. `labels.0.key`. The message begins with that path. */
export function badInput(path: string, problem: string, cause?: unknown): GatewayError {
  return new GatewayError("BAD_INPUT", `${path}: ${problem}`, { field: path.split("."), cause });
}

export function bodyTooLarge(limit: number): GatewayError {
  return new GatewayError("TOO_LARGE", `the body is too large: ${limit} bytes are the most`);
}

export function unknownScan(scanId: number): GatewayError {
  return new GatewayError("NOT_FOUND", `there is no scan ${scanId}`);
}

/** A list exceeded its time limit. */
export class QueryTimeout extends GatewayError {
  constructor(cause: unknown) {
    super("QUERY_TIMEOUT", "the list took too long to find: narrow its filter, for example by `started`", { cause });
  }
}
