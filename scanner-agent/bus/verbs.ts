/** What an agent says to the bus, besides pulling and acknowledging: results, presence, chunk reads. */

import { z } from "zod";
import { encodeMessage, parseMessage, type Presence, type ResultMessage } from "../../schema/messages.js";
import { chunkReadSubject, presenceSubject, resultSubject } from "../../schema/subjects.js";
import { BusAway, type Bus, type BusMessage } from "./bus.js";

const TIMEOUT_MS = 5_000;

const PubAck = z.union([
  z.object({ stream: z.string(), seq: z.number() }),
  z.object({ error: z.object({ code: z.number(), description: z.string().default("") }) }),
]);

/** Publishes a result; resolves when the bus has stored it. Throws {@link BusAway}. */
export async function publishResult(bus: Bus, engine: string, result: ResultMessage): Promise<void> {
  stored(await bus.request(resultSubject(engine), encodeMessage(result), TIMEOUT_MS));
}

/** Puts the agent's presence; resolves when the bus has stored it. Throws {@link BusAway}. */
export async function putPresence(bus: Bus, presence: Presence): Promise<void> {
  stored(await bus.request(presenceSubject(presence.agent), encodeMessage(presence), TIMEOUT_MS));
}

/** Deletes the agent's presence. Throws {@link BusAway}. */
export async function deletePresence(bus: Bus, agent: string): Promise<void> {
  stored(await bus.request(presenceSubject(agent), "", TIMEOUT_MS, { headers: { "KV-Operation": "DEL" } }));
}

/** Reads one chunk; undefined if it is not there. Throws {@link BusAway}. */
export async function readChunk(bus: Bus, blob: string, n: number): Promise<Uint8Array | undefined> {
  const answer = await bus.request(chunkReadSubject(blob, n), "", TIMEOUT_MS);
  if (answer.status === 404) return undefined;
  if (answer.status !== undefined) throw new BusAway(`the message bus refuses a chunk (${answer.status} ${answer.description})`);
  return answer.data;
}

function stored(answer: BusMessage): void {
  const ack = pubAck(answer);
  if ("error" in ack) throw new BusAway(`the message bus did not store it (${ack.error.code} ${ack.error.description})`);
}

function pubAck(answer: BusMessage): z.infer<typeof PubAck> {
  try {
    return parseMessage(PubAck, answer.data);
  } catch (cause) {
    throw new BusAway("the message bus acknowledged in a form that is not known", { cause });
  }
}
