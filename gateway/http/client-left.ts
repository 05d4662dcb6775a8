import type { FastifyReply, FastifyRequest } from "fastify";
import { createAbortController } from "../../schema/abort-controller.js";

/**
 * Aborted once a request was answered, or its client has left: nobody waits for what is still done for it then. A client that ends its
 * side of the connection counts as gone: that it has closed the other side too shows only when something is sent to it.
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
