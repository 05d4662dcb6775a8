/** Publishes messages that JetStream stores. */

import { setTimeout as pause } from "node:timers/promises";
import { ErrorCode, NatsError, type NatsConnection } from "nats";
import { z } from "zod";
import { MalformedMessage, parseMessage } from "../messages.js";
import { sendRequest } from "./requests.js";

/** Options of a message that is stored. */
export interface StoreOptions {
  /** The stream stores one message of each id, however often it is published within its window. */
  readonly messageId: string;
  readonly timeoutMs: number;
  /** How often it is published while no stream listens, such as during the election of a leader; default: once. */
  readonly tries?: number;
}

const RETRY_MS = 250;

/** How JetStream answers a message: where it stored it, or why it did not. */
export const PubAck = z.union([
  z.object({ error: z.object({ code: z.number(), err_code: z.number().default(0), description: z.string().default("") }) }),
  z.object({ stream: z.string().min(1), seq: z.number() }),
]);

/** Publishes a message; resolves with its sequence when the stream has it. Rejects as {@link sendRequest} does, or with JetStream's error. */
export async function publishStored(
  nc: NatsConnection,
  subject: string,
  pieces: readonly Uint8Array[],
  { messageId, timeoutMs, tries = 1 }: StoreOptions,
): Promise<number> {
  const options = { timeoutMs, headers: { "Nats-Msg-Id": messageId } };
  for (let tried = 1; ; tried++) {
    try {
      return readSequence((await sendRequest(nc, subject, pieces, options)).data);
    } catch (error) {
      const nobodyListens = error instanceof NatsError && error.code === ErrorCode.NoResponders && error.api_error === undefined;
      if (!nobodyListens || tried >= tries) throw error;
    }
    await pause(RETRY_MS);
  }
}

function readSequence(data: Uint8Array): number {
  const ack = readAck(data);
  if ("seq" in ack) return ack.seq;
  const { code, description } = ack.error;
  throw Object.assign(new NatsError(description, String(code)), { api_error: ack.error });
}

function readAck(data: Uint8Array): z.infer<typeof PubAck> {
  try {
    return parseMessage(PubAck, data);
  } catch (error) {
    if (error instanceof MalformedMessage) throw new NatsError(error.message, ErrorCode.JetStreamInvalidAck, error);
    throw error;
  }
}
