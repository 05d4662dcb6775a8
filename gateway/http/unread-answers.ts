import type { FastifyInstance } from "fastify";

/** How long a client may leave its answer unread. */
const UNREAD_MS = 60_000;

/**
 * Closes the connection of a client that does not read its answer. Otherwise the answer would stay in memory as long as the client likes.
 */
export function endUnreadAnswers(app: FastifyInstance, unreadMs = UNREAD_MS): void {
  app.addHook("onRequest", ({ raw: { socket } }, reply, done) => {
    // The timer restarts with every read and write. Slow requests write nothing and are not affected.
    reply.raw.setTimeout(unreadMs, () => {
      if (socket.writableLength > 0) socket.destroy();
    });
    done();
  });
}
