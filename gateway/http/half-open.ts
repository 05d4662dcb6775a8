import type { FastifyInstance } from "fastify";
import { READS } from "./origin-guard.js";

/**
 * Answers clients that close their sending side after the request, as some do to mark the end of an upload. For read methods this means
 * that the client has left, so work for it stops.
 */
export function answerHalfOpen(app: FastifyInstance): void {
  // A switch of Node that is missing from its types.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  app.addHook("onRequest", async ({ method, raw: { socket } }, reply) => {
    if (!READS.has(method)) return;
    const leave = () => socket.destroy();
    socket.once("end", leave);
    reply.raw.once("close", () => socket.off("end", leave));
  });
}
