import { IncomingMessage, type ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";

/**
 * Answers `Expect: 100-continue` only when the body is read, so that a client that is refused for its length, key or path need not send it.
 */
export function continueWhenRead(app: FastifyInstance): void {
  app.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    let isAsked = false;
    request._read = function read(size) {
      if (!isAsked && !response.headersSent) response.writeContinue();
      isAsked = true;
      IncomingMessage.prototype._read.call(this, size);
    };
    app.server.emit("request", request, response);
  });
}
