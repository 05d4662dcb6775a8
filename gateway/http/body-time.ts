import { PassThrough, type Readable } from "node:stream";
import { GatewayError } from "../errors.js";

/** How long a body without a sample may take: a slow line sends a mebibyte in that time. */
const BODY_MS = 60_000;

/** A body that fails with UPLOAD_TIMEOUT if it has not arrived in time. */
export function withinTime(body: Readable, mostMs = BODY_MS): Readable {
  const limited = new PassThrough();
  const timer = setTimeout(
    () => limited.destroy(new GatewayError("UPLOAD_TIMEOUT", `the body did not arrive within ${mostMs / 1_000} s`)),
    mostMs,
  );
  limited.once("close", () => {
    clearTimeout(timer);
    body.off("error", fail).off("close", cutOff).unpipe(limited);
  });
  const fail = (error: Error) => limited.destroy(error);
  const cutOff = () => {
    if (!body.readableEnded) fail(new GatewayError("BAD_INPUT", "the body was cut off"));
  };
  // The request may have been answered meanwhile, and an error without a listener would end the process.
  limited.on("error", () => {});
  body.once("error", fail).once("close", cutOff);
  return body.pipe(limited);
}
