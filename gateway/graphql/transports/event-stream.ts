import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { getOperationAST, GraphQLError } from "graphql";
import { z } from "zod";
import { clientLeft } from "../../http/client-left.js";
import { baseUrl, hostOf, searchOf } from "../../http/request.js";
import { GatewayError } from "../../errors.js";
import type { ScanContext } from "../../scan/context.js";
import type { Watch } from "../../watch/watch.js";
import { isRefused } from "../limits/documents.js";
import { LIMITS } from "../limits/limits.js";
import { CLOSE_MS, PING_MS } from "./keep-alive.js";
import { prepare, run, type Operations } from "./operations.js";
import { requestContext } from "../context/request-context.js";
import { errorResult, singleResult } from "./subscriptions.js";

const PING = ":\n\n";
const NEXT = Buffer.from("event: next\ndata: ");
const END = Buffer.from("\n\n");
const KEY_REVOKED = new GraphQLError("this API key was revoked or has expired", { extensions: { code: "UNAUTHENTICATED" } });
const COMPLETE = "event: complete\ndata:\n\n";

const Parameters = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  // z.record would copy the values before they are checked against the limits.
  variables: z.custom<Record<string, unknown>>(isRecord, "needs an object").nullish(),
});

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** GraphQL over server-sent events: the distinct connections mode of the graphql-sse protocol, with one operation per connection. */
export function serveEventStream(app: FastifyInstance, mesh: ScanContext, operations: Operations): void {
  const open = new Set<Readable>();
  app.addHook("preClose", async () => {
    for (const stream of open) stream.destroy();
  });
  app.route({
    method: ["GET", "POST"],
    url: "/graphql/stream",
    config: { needs: "key" },
    bodyLimit: LIMITS.bodyBytes,
    handler: async (request, reply) => {
      const parameters = readParameters(request);
      const { caller } = request;
      const asked = {
        caller,
        baseUrl: baseUrl(mesh.config, hostOf(request), request.raw.socket),
        signal: clientLeft(request, reply),
      };
      const args = prepare(operations, parameters, requestContext(mesh, asked));
      const isInvalid = isRefused(args);
      const operation = isInvalid ? undefined : getOperationAST(args.document, parameters.operationName)?.operation;
      if (request.method !== "POST" && operation === "mutation") throw new GatewayError("BAD_INPUT", "mutations need POST");
      void reply.headers({
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        // Otherwise nginx holds events back until its buffer is full.
        "x-accel-buffering": "no",
      });
      if (request.method === "HEAD") return reply.send("");
      const { stream, endWith } = createEventStream(isInvalid ? singleResult(errorResult(args)) : await run(operations, args));
      const { socket } = request.raw;
      if (socket.destroyed || socket.readableEnded) {
        // The client left while the operation was starting.
        stream.destroy();
        return reply.hijack();
      }
      open.add(stream);
      // Event streams have no pongs to show whether the client is still there.
      reply.raw.setTimeout(PING_MS);
      const { key } = caller;
      const release = key ? mesh.keyring.hold(key.id, () => endWith(KEY_REVOKED)) : () => {};
      // A client that closes its side of an event stream has left.
      const leave = () => socket.destroy();
      socket.once("end", leave);
      stream.once("close", () => {
        socket.off("end", leave);
        release();
        open.delete(stream);
      });
      return reply.send(stream);
    },
  });
}

function readParameters(request: FastifyRequest): z.infer<typeof Parameters> {
  const parsed = Parameters.safeParse(request.method === "POST" ? request.body : searchParameters(request.url));
  if (!parsed.success) throw new GatewayError("BAD_INPUT", z.prettifyError(parsed.error));
  return parsed.data;
}

function searchParameters(url: string): Record<string, unknown> {
  const { variables, ...search } = Object.fromEntries(searchOf(url));
  return variables === undefined ? search : { ...search, variables: parseJson(variables) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayError("BAD_INPUT", "variables: is not JSON", { cause });
  }
}

interface EventStream {
  readonly stream: Readable;
  /** Sends a last error and ends the stream, immediately if the client is not reading. */
  endWith(error: GraphQLError): void;
}

/** Each result is fetched only after the previous one was read, so that a slow reader gets the newest state instead of a queue. */
function createEventStream(results: Watch<Buffer>): EventStream {
  let isFetching = false;
  let isEnded = false;
  const stream = new Readable({
    highWaterMark: 1,
    read() {
      if (!isFetching) void fetchNext();
    },
    destroy(error, callback) {
      clearInterval(pings);
      results.return().then(() => callback(error), callback);
    },
  });
  const pings = setInterval(() => {
    if (stream.readableLength === 0) push(PING);
  }, PING_MS);
  push(PING);
  return { stream, endWith };

  function push(text: Buffer | string): void {
    if (!isEnded && !stream.destroyed) stream.push(text);
  }

  function end(): void {
    push(COMPLETE);
    if (!isEnded && !stream.destroyed) stream.push(null);
    isEnded = true;
  }

  function endWith(error: GraphQLError): void {
    push(Buffer.concat([NEXT, errorResult([error]), END]));
    end();
    const timer = setTimeout(() => stream.destroy(), CLOSE_MS);
    stream.once("close", () => clearTimeout(timer));
  }

  async function fetchNext(): Promise<void> {
    isFetching = true;
    const { done, value } = await results.next();
    isFetching = false;
    if (done) end();
    else push(Buffer.concat([NEXT, value, END]));
  }
}
