import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { getOperationAST, GraphQLError } from "graphql";
import { z } from "zod";
import { baseUrl, searchOf } from "../../http/request.js";
import { GatewayError } from "../../errors.js";
import type { ScanContext } from "../../scan/context.js";
import type { Watch } from "../../watch/watch.js";
import { isRefused } from "../limits/documents.js";
import { LIMITS } from "../limits/limits.js";
import { prepare, run, type Operations } from "./operations.js";
import { requestContext } from "../context/request-context.js";
import { refusalOf, single } from "./subscriptions.js";

/** Comments are sent this often, so that nothing on the way takes a quiet stream for a dead one. */
const PING_MS = 12_000;
const PING = ":\n\n";
const NEXT = Buffer.from("event: next\ndata: ");
const END = Buffer.from("\n\n");
/** How long the end of a stream may take. */
const CLOSE_MS = 1_000;
const KEY_OVER = new GraphQLError("this API key was revoked or has expired", { extensions: { code: "UNAUTHENTICATED" } });
const COMPLETE = "event: complete\ndata:\n\n";

const Parameters = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  // A record would be copied, and the values are counted before anything else is done with them.
  variables: z.custom<Record<string, unknown>>(isRecord, "needs an object").nullish(),
});

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** GraphQL over server-sent events, one operation a connection: the distinct connections mode of the graphql-sse protocol. */
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
      const asked = parametersOf(request);
      const args = prepare(operations, asked, requestContext(mesh, request.caller, baseUrl(mesh.config, request.host)));
      const invalid = isRefused(args);
      if (
        !invalid &&
        request.method !== "POST" &&
        getOperationAST(args.document, asked.operationName)?.operation === "mutation"
      ) {
        throw new GatewayError("BAD_INPUT", "mutations need POST");
      }
      void reply.header("content-type", "text/event-stream; charset=utf-8").header("cache-control", "no-cache, no-transform");
      if (request.method === "HEAD") return reply.send("");
      const { stream, endWith } = eventStream(invalid ? single(refusalOf(args)) : await run(operations, args));
      if (request.raw.socket.destroyed) {
        // The client has left while the operation began: nobody is there to be answered.
        stream.destroy();
        return reply.hijack();
      }
      open.add(stream);
      const unguard = closeUnread(request.raw.socket);
      const { key } = request.caller;
      const release = key ? mesh.keyring.hold(key.id, () => endWith(KEY_OVER)) : () => {};
      stream.once("close", () => {
        unguard();
        release();
        open.delete(stream);
      });
      return reply.send(stream);
    },
  });
}

function parametersOf(request: FastifyRequest): z.infer<typeof Parameters> {
  const parsed = Parameters.safeParse(request.method === "POST" ? request.body : inSearch(request.url));
  if (!parsed.success) throw new GatewayError("BAD_INPUT", z.prettifyError(parsed.error));
  return parsed.data;
}

function inSearch(url: string): Record<string, unknown> {
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
  /** Says why there is no more, and ends at once if that is not taken. */
  endWith(why: GraphQLError): void;
}

/** A result is fetched once the one before has been read, so that a slow reader is given the newest state and not a queue. */
function eventStream(results: Watch<Buffer>): EventStream {
  let fetching = false;
  let over = false;
  const stream = new Readable({
    highWaterMark: 1,
    read() {
      if (!fetching) void fetch();
    },
    destroy(error, callback) {
      clearInterval(pings);
      results.return().then(() => callback(error), callback);
    },
  });
  const pings = setInterval(() => {
    if (stream.readableLength === 0) say(PING);
  }, PING_MS);
  say(PING);
  return { stream, endWith };

  function say(text: Buffer | string): void {
    if (!over && !stream.destroyed) stream.push(text);
  }

  function end(): void {
    say(COMPLETE);
    if (!over && !stream.destroyed) stream.push(null);
    over = true;
  }

  function endWith(why: GraphQLError): void {
    say(Buffer.concat([NEXT, refusalOf([why]), END]));
    end();
    const timer = setTimeout(() => stream.destroy(), CLOSE_MS);
    stream.once("close", () => clearTimeout(timer));
  }

  async function fetch(): Promise<void> {
    fetching = true;
    const { done, value } = await results.next();
    fetching = false;
    if (done) end();
    else say(Buffer.concat([NEXT, value, END]));
  }
}

/** Closes when nothing of what was written has been taken for this long, seen twice in a row. A stream has no pongs. */
function closeUnread(socket: Socket): () => void {
  let before = -1;
  const timer = setInterval(() => {
    const taken = socket.bytesWritten - socket.writableLength;
    if (socket.writableLength > 0 && taken === before) socket.destroy();
    before = taken;
  }, PING_MS);
  return () => clearInterval(timer);
}
