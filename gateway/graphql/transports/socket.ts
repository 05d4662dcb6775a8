import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type FastifyInstance } from "fastify";
import type { ExecutionResult } from "graphql";
import { CloseCode, handleProtocols, makeServer, MessageType, parseMessage, type SubscribePayload } from "graphql-ws";
import { WebSocketServer, type WebSocket } from "ws";
import { createAbortController } from "../../../schema/abort-controller.js";
import { baseUrl, clientAddress, pathOf, requestId } from "../../http/request.js";
import { keyInHeaders } from "../../http/authenticate.js";
import { ignoreUpgrade, isWebSocketUpgrade } from "../../http/other-upgrades.js";
import { refusal } from "../../http/origin-guard.js";
import type { ScanContext } from "../../scan/context.js";
import type { Watch } from "../../watch/watch.js";
import { isRefused } from "../limits/documents.js";
import { LIMITS } from "../limits/limits.js";
import { prepare, run, type Operations } from "./operations.js";
import { presentError } from "../context/present-error.js";
import { requestContext } from "../context/request-context.js";
import { errorResult, singleResult, type PreparedOperation } from "./subscriptions.js";
import { CLOSE_MS, keepAlive } from "./keep-alive.js";
import { admissionErrors, admitClient, type SocketClient } from "./socket-client.js";
import { textFrameHeader } from "./text-frame.js";

/** A close frame has room for a reason of 123 bytes, and a character takes up to three. */
const REASON_CHARACTERS = 41;
/** The start of a message with a result. The result and the id of its operation follow. */
const NEXT = Buffer.from('{"type":"next","payload":');
/** How many bytes may wait to be read by a client: enough for the answers of all operations a connection may have open. */
const UNREAD_BYTES = 8 * 1024 * 1024;
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 4500;

/** GraphQL over WebSocket, by the graphql-transport-ws protocol. */
export function serveSockets(app: FastifyInstance, mesh: ScanContext, operations: Operations): void {
  const { log } = operations;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.bodyBytes,
    // One message at a time, so that a client that sends many at once does not delay others.
    allowSynchronousEvents: false,
    handleProtocols: (offered) => handleProtocols(offered),
  });
  const server = makeServer<Record<string, unknown>, Connection>({
    onConnect: ({ connectionParams, extra }) => admitClient(mesh, extra, connectionParams),
    onSubscribe({ extra }, id, payload: SubscribePayload) {
      const { socket, stream, caller, host } = extra;
      if (caller === undefined) throw new Error("an operation came before its connection was initialised");
      const left = createAbortController();
      const asked = { caller, baseUrl: baseUrl(mesh.config, host, stream), signal: left.signal, connection: extra };
      const context = requestContext(mesh, asked);
      const prepared = admissionErrors(mesh, caller) ?? prepare(operations, payload, context);
      if (isRefused(prepared)) return prepared;
      const end = Buffer.from(`,"id":${JSON.stringify(id)}}`);
      // The library would copy the result into a new text for each subscriber. With thousands, this takes most of the time of an event.
      const send = (result: Buffer, onSent: () => void) => {
        if (!isWritable(socket)) return onSent();
        stream.cork();
        stream.write(Buffer.concat([textFrameHeader(NEXT.length + result.length + end.length), NEXT]));
        stream.write(result);
        stream.write(end, onSent);
        stream.uncork();
      };
      return Object.assign(prepared, { send, left });
    },
    execute: (args) => serve(operations, args as SocketOperation),
    subscribe: (args) => serve(operations, args as SocketOperation),
  });

  const logBroken = (error: Error) => log.debug({ err: error }, "a WebSocket connection broke");
  app.server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // A listener defined here would keep the request in memory for the life of the connection.
    stream.on("error", logBroken);
    if (!isWebSocketUpgrade(request)) return ignoreUpgrade(app.server, request, stream, head);
    const refused = refusal(mesh.config, { method: "GET", headers: request.headers, isGuarded: true, isOld: false });
    if (refused !== undefined) return reject(stream, 403, refused);
    if (pathOf(request.url ?? "") !== "/graphql") return reject(stream, 404, "no such path");
    sockets.handleUpgrade(request, stream, head, (socket) => open(socket, stream, request));
  });
  app.addHook("preClose", async () => {
    for (const socket of sockets.clients) socket.close(GOING_AWAY, "the gateway is stopping");
    sockets.close();
  });

  function open(socket: WebSocket, stream: Duplex, request: IncomingMessage): void {
    const { headers } = request;
    const connection: Connection = {
      socket,
      stream,
      key: keyInHeaders(headers),
      host: headers.host ?? "",
      address: clientAddress(mesh.config, request),
      requestId: requestId(headers["x-request-id"]),
      close: (code, reason) => closeSoon(socket, code, reason),
    };
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (text) => sendText(socket, text),
        close: (code, reason) => socket.close(code, reason?.slice(0, REASON_CHARACTERS)),
        onMessage: (handle) =>
          void socket.on("message", (data) => {
            const text = String(data);
            handle(text).catch((error: unknown) => (isClientMessage(text) ? fail(error) : refuseMessage()));
          }),
      },
      connection,
    );
    const refuseMessage = () => socket.close(CloseCode.BadRequest, "Invalid message received");
    const fail = (error: unknown) => {
      log.error({ err: error }, "a WebSocket message failed");
      socket.close(INTERNAL_ERROR, "internal error");
    };
    const stopPings = keepAlive(socket);
    socket.on("error", logBroken);
    socket.once("close", (code, reason) => {
      stopPings();
      connection.isClosed = true;
      connection.release?.();
      closed(code, String(reason)).catch(fail);
    });
  }
}

/** Messages that clients may send. The library throws at those that only servers send. */
const CLIENT_MESSAGES: ReadonlySet<MessageType> = new Set([
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
]);

/** For a message that the library could parse. */
function isClientMessage(text: string): boolean {
  return CLIENT_MESSAGES.has(parseMessage(text).type);
}

interface Connection extends SocketClient {
  readonly socket: WebSocket;
  /** The TCP connection of the socket. */
  readonly stream: Duplex;
}

interface SocketOperation extends PreparedOperation {
  /** Sends a result as JSON. `onSent` is called once it was written, or if the connection is broken. */
  readonly send: (result: Buffer, onSent: () => void) => void;
  /** To be aborted when the client has completed the operation or is gone. */
  readonly left: AbortController;
}

/**
 * Sends the results around the library, which would serialize each of them again. For the library this is an operation without results. It
 * starts when the library asks for the first one; from then on the library reports when the client has completed it.
 */
function serve(operations: Operations, operation: SocketOperation): AsyncIterableIterator<ExecutionResult> {
  const { left } = operation;
  let sending: Promise<IteratorReturnResult<undefined>> | undefined;
  let results: Watch<Buffer> | undefined;
  async function start(): Promise<IteratorReturnResult<undefined>> {
    results = await run(operations, operation).catch((error: unknown) =>
      singleResult(errorResult([presentError(error, operations.log)])),
    );
    return left.signal.aborted ? results.return() : sendAll(results, operation);
  }
  const iterator = {
    next: () => (sending ??= start()),
    async return() {
      left.abort();
      return (await results?.return()) ?? { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

function sendAll(results: Watch<Buffer>, { send }: SocketOperation): Promise<IteratorReturnResult<undefined>> {
  return new Promise((end) => {
    let isSending = false;
    function sendNext(): void {
      const result = isSending ? undefined : results.poll();
      if (result === undefined) return;
      if (result.done) return end(result);
      isSending = true;
      send(result.value, () => {
        isSending = false;
        sendNext();
      });
    }
    results.onReady(sendNext);
    sendNext();
  });
}

/** Closes a connection, and terminates it if the client does not confirm in time. */
function closeSoon(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
  socket.once("close", () => clearTimeout(timer));
}

/**
 * Resolves once the message was written, so that a slow reader gets the newest state instead of a queue. It also resolves if the connection
 * is broken, which its close event handles.
 */
function sendText(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (!isWritable(socket)) return resolve();
    socket.send(text, () => resolve());
  });
}

/** Whether a message can be written. Terminates the connection of a client with too much unread data. */
function isWritable(socket: WebSocket): boolean {
  if (socket.readyState !== socket.OPEN) return false;
  if (socket.bufferedAmount <= UNREAD_BYTES) return true;
  socket.terminate();
  return false;
}

function reject(stream: Duplex, status: 403 | 404, error: string): void {
  const body = JSON.stringify({ error });
  const text = status === 403 ? "Forbidden" : "Not Found";
  stream.end(
    `HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
