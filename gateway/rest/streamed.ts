import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Sends text as it is made, at the caller's pace. The first piece is awaited, so that what fails at once is answered as an
 * error; what fails later cuts the answer off. For HEAD nothing more is made.
 */
export async function sendStreamed(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncGenerator<string>,
): Promise<FastifyReply> {
  const first = await pieces.next();
  if (request.method === "HEAD") {
    await pieces.return(undefined);
    return reply.send("");
  }
  return reply.send(Readable.from(resumed(first, pieces)));
}

async function* resumed(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** A JSON array, a piece for each page. */
export async function* jsonArray<T>(pages: AsyncIterable<readonly T[]>, show: (item: T) => unknown): AsyncGenerator<string> {
  let opening = "[";
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield opening + page.map((item) => JSON.stringify(show(item))).join(",");
    opening = ",";
  }
  yield opening === "[" ? "[]" : "]";
}
