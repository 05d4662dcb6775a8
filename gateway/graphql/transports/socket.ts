import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type FastifyInstance } from "fastify";
import type { ExecutionResult } from "graphql";
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from "graphql-ws";
import { WebSocketServer, type WebSocket } from "ws";
import { baseUrl, clientAddress, pathOf, requestId } from "../../http/request.js";
import { keyOf } from "../../http/authenticate.js";
import { refusal } from "../../http/origin-guard.js";
import type { ScanContext } from "../../scan/context.js";
import type { Watch } from "../../watch/watch.js";
import { isRefused } from "../limits/documents.js";
import { LIMITS } from "../limits/limits.js";
import { prepare, run, type Operations } from "./operations.js";
import { requestContext } from "../context/request-context.js";
import type { PreparedOperation } from "./subscriptions.js";
import { headOfText } from "./text-frame.js";
import { admitVisitor, refusedNow, type Visitor } from "./socket-client.js";

/** A connection that does not answer a ping within this time is closed. */
const PING_MS = 12_000;
/** How long the other end may take to close. */
const CLOSE_MS = 1_000;
/** The frame that closes a connection has room for 123 bytes; a character has three at most. */
const REASON_CHARACTERS = 41;
/** A message begins like this, goes on with its result, and ends with its id. */
const BEGIN = Buffer.from('{"type":"next","payload":');
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 4500;

/** GraphQL over WebSocket, by the graphql-transport-ws protocol. */
export function serveSockets(app: FastifyInstance, mesh: ScanContext, operations: Operations): void {
  const { log } = operations;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.bodyBytes,
    handleProtocols: (offered) => handleProtocols(offered),
  });
  const server = makeServer<Record<string, unknown>, Peer>({
    onConnect: ({ connectionParams, extra }) => admitVisitor(mesh, extra, connectionParams),
    onSubscribe({ extra }, id, payload: SubscribePayload) {
      const { socket, stream, caller, host } = extra;
      if (caller === undefined) throw new Error("an operation came before its connection was let in");
      const context = requestContext(mesh, caller, baseUrl(mesh.config, host), extra);
      const prepared = refusedNow(mesh, caller) ?? prepare(operations, payload, context);
      if (isRefused(prepared)) return prepared;
      const end = Buffer.from(`,"id":${JSON.stringify(id)}}`);
      // Not by the library, which takes a message as one text: thousands of copies of a result were most of an event's work.
      const send = (result: Buffer, left: () => void) => {
        if (socket.readyState !== socket.OPEN) return left();
        stream.cork();
        stream.write(Buffer.concat([headOfText(BEGIN.length + result.length + end.length), BEGIN]));
        stream.write(result);
        stream.write(end, left);
        stream.uncork();
      };
      return Object.assign(prepared, { send });
    },
    execute: (args) => serve(operations, args as SocketOperation),
    subscribe: (args) => serve(operations, args as SocketOperation),
  });

  const broke = (error: Error) => log.debug({ err: error }, "a WebSocket connection broke");
  app.server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Listeners that are made here would hold the request as long as the connection lives.
    stream.on("error", broke);
    const refused = refusal(mesh.config, { method: "GET", headers: request.headers, live: true });
    if (refused !== undefined) return reject(stream, 403, refused);
    if (pathOf(request.url ?? "") !== "/graphql") return reject(stream, 404, "no such path");
    sockets.handleUpgrade(request, stream, head, (socket) => open(socket, stream, request));
  });
  app.addHook("preClose", async () => {
    for (const socket of sockets.clients) socket.close(GOING_AWAY, "the gateway stops");
    sockets.close();
  });

  function open(socket: WebSocket, stream: Duplex, request: IncomingMessage): void {
    const { headers } = request;
    const visitor: Peer = {
      socket,
      stream,
      key: keyOf(headers),
      host: headers.host ?? "",
      address: clientAddress(mesh.config, request),
      requestId: requestId(headers["x-request-id"]),
      close: (code, reason) => closeSoon(socket, code, reason),
    };
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => sent(socket, text),
        close: (code, reason) => socket.close(code, reason?.slice(0, REASON_CHARACTERS)),
        onMessage: (take) => void socket.on("message", (data) => take(String(data)).catch(failed)),
      },
      visitor,
    );
    const failed = (error: unknown) => {
      // The library throws at messages that only servers send, and only its sentence tells that from a fault of ours.
      if (error instanceof Error && error.message.startsWith("Unexpected message of type")) {
        return socket.close(CloseCode.BadRequest, "Invalid message received");
      }
      log.error({ err: error }, "a WebSocket message failed");
      socket.close(INTERNAL_ERROR, "internal error");
    };
    const stopPings = keepAlive(socket);
    socket.on("error", broke);
    socket.once("close", (code, reason) => {
      stopPings();
      visitor.left = true;
      visitor.release?.();
      closed(code, String(reason)).catch(failed);
    });
  }
}

/** Who is at the other end. */
interface Peer extends Visitor {
  readonly socket: WebSocket;
  /** The connection below it. */
  readonly stream: Duplex;
}

interface SocketOperation extends PreparedOperation {
  /** Sends a result that is JSON already; `left` is called once it has left, or never will: then the connection has broken. */
  readonly send: (result: Buffer, left: () => void) => void;
}

/**
 * Sends the results by itself, each once the one before has left: the library would write each as JSON again. To it this is an
 * operation without results, which begins when it asks for the first: by then it knows that the client has not left.
 */
async function serve(operations: Operations, operation: SocketOperation): Promise<AsyncIterableIterator<ExecutionResult>> {
  const results = await run(operations, operation);
  let over: Promise<IteratorReturnResult<undefined>> | undefined;
  const iterator = {
    next: () => (over ??= sendAll(results, operation)),
    return: () => results.return(),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

function sendAll(results: Watch<Buffer>, { send }: SocketOperation): Promise<IteratorReturnResult<undefined>> {
  return new Promise((end) => {
    let sending = false;
    function sendOn(): void {
      const taken = sending ? undefined : results.poll();
      if (taken === undefined) return;
      if (taken.done) return end(taken);
      sending = true;
      send(taken.value, () => {
        sending = false;
        sendOn();
      });
    }
    results.onReady(sendOn);
    sendOn();
  });
}

/** Closes in good form, and at once if that is not answered. */
function closeSoon(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
  socket.once("close", () => clearTimeout(timer));
}

/**
 * Resolves once the message has left, so that a slow reader is given the newest state and not a queue; or will never leave: then
 * the connection has broken, which its end tells.
 */
function sent(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(text, () => resolve());
  });
}

function keepAlive(socket: WebSocket): () => void {
  let answered = true;
  socket.on("pong", () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}

function reject(stream: Duplex, status: 403 | 404, error: string): void {
  const body = JSON.stringify({ error });
  const text = status === 403 ? "Forbidden" : "Not Found";
  stream.end(
    `HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
