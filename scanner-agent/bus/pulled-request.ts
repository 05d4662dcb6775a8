import type { Bus, BusMessage } from "./bus.js";

/** A request that this agent has pulled, until it is acknowledged. */
export interface PulledRequest {
  readonly data: Uint8Array;
  /** How often it was delivered to any agent, this time included. */
  readonly deliveries: number;
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
  const deliveries = reply === undefined ? undefined : deliveryCount(reply);
  if (reply === undefined || deliveries === undefined) return undefined;
  return {
    data: message.data,
    deliveries,
    ack: () => bus.publish(reply, "+ACK"),
    nak: (delayMs) => bus.publish(reply, delayMs > 0 ? `-NAK ${JSON.stringify({ delay: delayMs * 1_000_000 })}` : "-NAK"),
    working: () => bus.publish(reply, "+WPI"),
    term: () => bus.publish(reply, "+TERM"),
  };
}

/**
 * The delivery count in an acknowledgement subject, in either form:
 * `$JS.ACK.<stream>.<consumer>.<delivered>.…` with 9 tokens, or `$JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.…`
 * with 11 or more.
 */
export function deliveryCount(reply: string): number | undefined {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  const count = Number(tokens.length === 9 ? tokens[4] : tokens.length >= 11 ? tokens[6] : undefined);
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}
