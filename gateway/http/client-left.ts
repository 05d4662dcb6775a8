import type { FastifyReply, FastifyRequest } from "fastify";
import { createAbortController } from "../../schema/abort-controller.js";

/**
 * Aborted once a request was answered or its client has left, so that no more work is done for it. A client that ends its side of the
 * connection counts as gone: whether it has closed the other side too would show only when something is sent to it.
 */
export function clientLeft({ raw }: FastifyRequest, reply: FastifyReply): AbortSignal {
  const left = createAbortController();
  const leave = () => left.abort();
  const { socket } = raw;
  if (reply.raw.destroyed || (raw.destroyed && !raw.complete) || socket.readableEnded) leave();
  socket.once("end", leave);
  reply.raw.once("close", () => {
    socket.off("end", leave);
    leave();
  });
  return left.signal;
}
