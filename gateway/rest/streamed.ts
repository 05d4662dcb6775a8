import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { giveWay } from "../http/give-way.js";

/**
 * Streams text at the pace of its reader, and lets other requests go first. The first piece is awaited, so that an early failure is
 * answered as an error; a later one cuts the answer off. HEAD computes only the first piece.
 */
export async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncGenerator<string>,
): Promise<FastifyReply> {
  const first = await pieces.next();
  if (request.method === "HEAD") {
    await pieces.return(undefined);
    return reply.send("");
  }
  return reply.send(Readable.from(resumed(first, pieces, request.server)));
}

async function* resumed(
  first: IteratorResult<string>,
  rest: AsyncGenerator<string>,
  app: FastifyInstance,
): AsyncGenerator<string> {
  if (first.done) return;
  yield first.value;
  await giveWay(app);
  for await (const piece of rest) {
    yield piece;
    await giveWay(app);
  }
}

/** A JSON array, in one piece per page. */
export async function* jsonArray<T>(pages: AsyncIterable<readonly T[]>, show: (item: T) => unknown): AsyncGenerator<string> {
  let opening = "[";
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield opening + page.map((item) => JSON.stringify(show(item))).join(",");
    opening = ",";
  }
  yield opening === "[" ? "[]" : "]";
}
