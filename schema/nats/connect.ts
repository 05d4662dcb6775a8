/**
 * Connections to NATS for both sides of the bus: the client's own, with a faster way to read and write for the version that is known.
 */

import { connect, type ConnectionOptions, type NatsConnection } from "nats";
import { KNOWN_CLIENT, protocolOf, type Protocol, type ClientTransport } from "./client-internals.js";
import { createProtocolReader } from "./reader.js";
import { openInbox } from "./requests.js";
import { sendBy } from "./send.js";
import { replaceWriter } from "./writer.js";

/** Where connecting tells what it notices. */
export interface ConnectLog {
  warn(what: object, sentence: string): void;
  error(what: object, sentence: string): void;
}

/** No message is half parsed at this point. */
const AT_START = 0;

/**
 * A server that accepts a connection and says nothing, such as one that is shutting down, is given up after this time, and not after 20 s.
 */
const CONNECT_MS = 5_000;

let isFallbackTold = false;

/** Connects. A client of another version than the known one works with its public interface alone, which is logged once. */
export async function connectNats(options: ConnectionOptions, log: ConnectLog, known = KNOWN_CLIENT): Promise<NatsConnection> {
  // Otherwise every request captures a stack trace, even if it succeeds.
  const nc = await connect({ timeout: CONNECT_MS, ...options, noAsyncTraces: true });
  const protocol = protocolOf(nc, known);
  if (protocol !== undefined) {
    quicken(protocol, log);
    sendBy(nc, protocol);
  } else if (!isFallbackTold) {
    isFallbackTold = true;
    log.warn({}, "This version of the NATS client is not known here: messages are read and written in its own, slower way");
  }
  openInbox(nc, options.inboxPrefix);
  return nc;
}

/** Replaces how the protocol of a connection reads and writes, now and after each reconnection. */
function quicken(protocol: Protocol, log: ConnectLog): void {
  replaceWriter(protocol);
  const { transport } = protocol;
  // Done between two lines of the protocol, so that nothing is read twice or skipped; otherwise from the next reconnection on.
  if (protocol.parser.state === AT_START && transport.yields.length === 0) readFrom(protocol, transport, log);
  const prepare = protocol.prepare.bind(protocol);
  protocol.prepare = () => {
    const prepared = prepare();
    const next = protocol.transport;
    const setupHandlers = next.setupHandlers.bind(next);
    next.setupHandlers = () => {
      setupHandlers();
      readFrom(protocol, next, log);
    };
    return prepared;
  };
}

/** Passes what arrives at the socket directly to a reader. */
function readFrom(protocol: Protocol, { socket }: ClientTransport, log: ConnectLog): void {
  const read = createProtocolReader({
    processMsg(head, data) {
      try {
        protocol.processMsg(head, data);
      } catch (error) {
        log.error({ err: error }, "A message of NATS could not be handled");
      }
    },
    processError: (text) => protocol.processError(text),
    processInfo: (json) => protocol.processInfo(json),
    processPing: () => protocol.processPing(),
    processPong: () => protocol.processPong(),
  });
  let isBroken = false;
  socket?.removeAllListeners("data");
  socket?.on("data", (frame: Buffer) => {
    if (isBroken) return;
    try {
      read(frame);
    } catch (error) {
      isBroken = true;
      log.error({ err: error }, "What NATS sends cannot be read: connecting again");
      protocol.disconnect();
    }
  });
}
