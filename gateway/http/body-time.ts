import { PassThrough, type Readable } from "node:stream";
import { createAbortController } from "../../schema/abort-controller.js";
import { GatewayError } from "../errors.js";

/** Time limit for a body without a sample; a slow line can send a mebibyte in that time. */
export const BODY_MS = 60_000;

function tooSlow(mostMs: number): GatewayError {
  return new GatewayError("UPLOAD_TIMEOUT", `the body did not arrive within ${mostMs / 1_000} s`);
}

/** Aborts its signal with UPLOAD_TIMEOUT, unless cleared in time. */
export function bodyTimeLimit(mostMs = BODY_MS): { readonly signal: AbortSignal; clear(): void } {
  const stop = createAbortController();
  const timer = setTimeout(() => stop.abort(tooSlow(mostMs)), mostMs);
  return { signal: stop.signal, clear: () => clearTimeout(timer) };
}

/** The body as a stream that fails with UPLOAD_TIMEOUT if it does not arrive in time. */
export function withinTime(body: Readable, mostMs = BODY_MS): Readable {
  const limited = new PassThrough();
  const timer = setTimeout(() => limited.destroy(tooSlow(mostMs)), mostMs);
  limited.once("close", () => {
    clearTimeout(timer);
    body.off("close", cutOff).unpipe(limited);
  });
  const fail = (error: Error) => limited.destroy(error);
  const cutOff = () => {
    if (!body.readableEnded) fail(new GatewayError("BAD_INPUT", "the body was cut off"));
  };
  // Either may fail after the request was answered, and an error without a listener would end the process.
  limited.on("error", () => {});
  body.on("error", fail).once("close", cutOff);
  return body.pipe(limited);
}
