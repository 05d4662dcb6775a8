import type { FastifyInstance } from "fastify";
import { READS } from "./origin-guard.js";

/**
 * Answers a client that ends its side of the connection after its request, as some do to mark the end of an upload. A client that
 * reads has left when it does so: what is computed or streamed for it ends.
 */
export function answerHalfOpen(app: FastifyInstance): void {
  // Node's own switch, which its types do not know.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  app.addHook("onRequest", async ({ method, raw: { socket } }, reply) => {
    if (!READS.has(method)) return;
    const leave = () => socket.destroy();
    socket.once("end", leave);
    reply.raw.once("close", () => socket.off("end", leave));
  });
}
