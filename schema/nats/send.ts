/** Publishes a message in pieces, which are not joined where the client's version is known. */

import { ErrorCode, headers as newHeaders, NatsError, type NatsConnection, type PublishOptions } from "nats";
import type { Protocol } from "./client-internals.js";

/** Names and values of a message's headers. */
export type Headers = Readonly<Record<string, string>>;

/** Options of a message. */
export interface SendOptions {
  readonly reply?: string | undefined;
  readonly headers?: Headers | undefined;
}

const CRLF = Buffer.from("\r\n");

const protocols = new WeakMap<NatsConnection, Protocol>();

/** From now on messages go directly to the protocol of the connection. */
export function sendBy(nc: NatsConnection, protocol: Protocol): void {
  protocols.set(nc, protocol);
}

/** Publishes the pieces as one message. They are not to be changed before the server has confirmed it. Throws a NatsError. */
export function sendPieces(
  nc: NatsConnection,
  subject: string,
  pieces: readonly Uint8Array[],
  { reply, headers }: SendOptions,
): void {
  const protocol = protocols.get(nc);
  if (protocol === undefined) return nc.publish(subject, join(pieces), publicOptions(reply, headers));
  const head = headers === undefined ? "" : headerText(headers);
  const size = pieces.reduce((sum, { length }) => sum + length, Buffer.byteLength(head));
  if (size > (nc.info?.max_payload ?? Infinity)) throw NatsError.errorForCode(ErrorCode.MaxPayloadExceeded);
  const to = reply === undefined ? subject : `${subject} ${reply}`;
  const command = head === "" ? `PUB ${to} ${size}\r\n` : `HPUB ${to} ${Buffer.byteLength(head)} ${size}\r\n${head}`;
  protocol.sendCommand(command, ...pieces, CRLF);
}

function headerText(headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (lines.some((line) => /[\r\n]/.test(line))) throw NatsError.errorForCode(ErrorCode.BadHeader);
  return `NATS/1.0\r\n${lines.join("\r\n")}\r\n\r\n`;
}

function publicOptions(reply: string | undefined, headers: Headers | undefined): PublishOptions {
  const sent = newHeaders();
  for (const [name, value] of Object.entries(headers ?? {})) sent.set(name, value);
  return { ...(reply === undefined ? {} : { reply }), ...(headers === undefined ? {} : { headers: sent }) };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
