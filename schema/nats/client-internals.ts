/** The private parts of the NATS client that the fast path uses, for the one version that it was written for. */

import type { Socket } from "node:net";
import type { NatsConnection } from "nats";

/** The version of the client that has these parts. With any other version only its public interface is used. */
export const KNOWN_CLIENT = "2.29.3";

/** A message's head as the client's subscriptions take it. */
export interface MessageHead {
  readonly subject: Uint8Array;
  readonly sid: number;
  readonly reply: Uint8Array | undefined;
  /** Bytes of its headers; -1: it has none. */
  readonly hdr: number;
  /** Bytes of headers and payload. */
  readonly size: number;
}

/** The socket's owner; each connection to a server has a new one. */
export interface ClientTransport {
  readonly version: string;
  readonly isClosed: boolean;
  readonly socket: Socket | undefined;
  /** What has arrived and is not parsed yet. */
  readonly yields: readonly unknown[];
  setupHandlers(): void;
}

/** The protocol of a connection, which lasts over reconnections. */
export interface Protocol {
  readonly connected: boolean;
  readonly infoReceived: boolean;
  readonly transport: ClientTransport;
  readonly parser: { readonly state: number };
  /** What waits to be sent. */
  readonly outbound: { buffers: Uint8Array[]; byteLength: number; fill(...pieces: Uint8Array[]): void };
  prepare(): PromiseLike<void>;
  disconnect(): void;
  sendCommand(command: string | Uint8Array, ...pieces: Uint8Array[]): void;
  flushPending(): void;
  processMsg(head: MessageHead, data: Uint8Array): void;
  processError(text: Uint8Array): void;
  processInfo(json: Uint8Array): void;
  processPing(): void;
  processPong(): void;
}

const METHODS = [
  "prepare",
  "disconnect",
  "sendCommand",
  "flushPending",
  "processMsg",
  "processError",
  "processInfo",
  "processPing",
  "processPong",
] as const satisfies readonly (keyof Protocol)[];

/** The protocol behind a connection; undefined if the client is another version than the known one, or has other parts. */
export function protocolOf(nc: NatsConnection, known: string): Protocol | undefined {
  const { protocol } = nc as unknown as { protocol?: Partial<Protocol> };
  const { transport, outbound, parser } = protocol ?? {};
  const isKnown =
    transport?.version === known &&
    typeof transport.setupHandlers === "function" &&
    Array.isArray(transport.yields) &&
    Array.isArray(outbound?.buffers) &&
    typeof parser?.state === "number" &&
    METHODS.every((name) => typeof protocol?.[name] === "function");
  return isKnown ? (protocol as Protocol) : undefined;
}
