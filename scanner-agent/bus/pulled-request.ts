import type { Bus, BusMessage } from "./bus.js";

/** A request that this agent has pulled, until it is acknowledged. */
export interface PulledRequest {
  readonly data: Uint8Array;
  /** How often it was delivered to any agent, this time included. */
  readonly deliveries: number;
  /** Its sequence in SCANS. */
  readonly sequence: number;
  /** It is answered: it is never delivered again. */
  ack(): void;
  /** It is handed back: it is delivered again after the delay. */
  nak(delayMs: number): void;
  /** It is being worked on: its ack_wait starts again. */
  working(): void;
  /** It is no valid request: it is never delivered again. */
  term(): void;
}

/** Reads a message of a durable consumer; undefined if it is none. */
export function readPulled(bus: Bus, message: BusMessage): PulledRequest | undefined {
  const { reply } = message;
  const delivery = reply === undefined ? undefined : readAckSubject(reply);
  if (reply === undefined || delivery === undefined) return undefined;
  return {
    data: message.data,
    ...delivery,
    ack: () => bus.publish(reply, "+ACK"),
    nak: (delayMs) => bus.publish(reply, delayMs > 0 ? `-NAK ${JSON.stringify({ delay: delayMs * 1_000_000 })}` : "-NAK"),
    working: () => bus.publish(reply, "+WPI"),
    term: () => bus.publish(reply, "+TERM"),
  };
}

/**
 * The delivery count and the sequence in the stream that an acknowledgement subject has, in either form:
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.…` with 9 tokens, or
 * `$JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<sequence>.…` with 11 or more.
 */
export function readAckSubject(reply: string): { deliveries: number; sequence: number } | undefined {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  const first = tokens.length === 9 ? 4 : tokens.length >= 11 ? 6 : Infinity;
  const [deliveries = NaN, sequence = NaN] = tokens.slice(first, first + 2).map(Number);
  return isCount(deliveries) && isCount(sequence) ? { deliveries, sequence } : undefined;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
