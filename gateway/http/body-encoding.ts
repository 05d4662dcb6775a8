import type { FastifyInstance, FastifyRequest } from "fastify";
import { GatewayError } from "../errors.js";

/** The error for a body in an unsupported form. */
export class UnsupportedBody extends Error {
  override readonly name = "UnsupportedBody";
  readonly statusCode = 415;
}

/** Methods whose bodies are not read. */
export const WITHOUT_BODY = new Set(["GET", "HEAD", "OPTIONS"]);

/** Refuses compressed and partial bodies: their bytes are not those of the intended file. */
export function refuseEncodedBodies(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ method, headers }: FastifyRequest, reply) => {
    if (WITHOUT_BODY.has(method)) return;
    if (headers["content-range"] !== undefined)
      throw new GatewayError("BAD_INPUT", "a part of a file is not taken: send the whole file, without Content-Range");
    const codings = `${headers["content-encoding"] ?? ""},${headers["transfer-encoding"] ?? ""}`.split(",");
    const coding = codings.find((one) => !/^(identity|chunked)?$/i.test(one.trim()));
    if (coding === undefined) return;
    void reply.header("accept-encoding", "identity");
    throw new UnsupportedBody(`a body in ${coding.trim().slice(0, 100)} is not taken: send it without Content-Encoding`);
  });
}
