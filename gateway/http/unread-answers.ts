import type { FastifyInstance } from "fastify";

/** How long an answer may wait without its client taking any of it. */
const UNREAD_MS = 60_000;

/** Ends the connection of a client that does not read its answer: the answer would stay in memory as long as the client likes. */
export function endUnreadAnswers(app: FastifyInstance, unreadMs = UNREAD_MS): void {
  app.addHook("onRequest", ({ raw: { socket } }, reply, done) => {
    // The time begins anew with whatever is read or written. Requests that take long write nothing and are left alone.
    reply.raw.setTimeout(unreadMs, () => {
      if (socket.writableLength > 0) socket.destroy();
    });
    done();
  });
}
