import type { FastifyReply, FastifyRequest } from "fastify";

/** Aborted once a request was answered, or its client has left: nobody waits for what is still done for it then. */
export function clientLeft({ raw }: FastifyRequest, reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  if (reply.raw.destroyed || (raw.destroyed && !raw.complete)) left.abort();
  reply.raw.once("close", () => left.abort());
  return left.signal;
}
