import { IncomingMessage, type ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";

/**
 * Asks a client that waits with its body (`Expect: 100-continue`) for it when the body is read, and not before: one that is refused by
 * its length, key or path is spared the sending.
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
