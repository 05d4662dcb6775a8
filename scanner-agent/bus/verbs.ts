/** What an agent does on the bus besides pulling and acknowledging requests: what is stored, presence, chunks. */

import type { z } from "zod";
import { encodeMessage, parseMessage } from "../../schema/messages.js";
import { type Presence } from "../../schema/presence.js";
import { PubAck } from "../../schema/nats/stored.js";
import { bundleReadSubject, chunkReadSubject, presenceSubject } from "../../schema/subjects.js";
import { BusAway, type Bus, type BusMessage } from "./bus.js";

const TIMEOUT_MS = 5_000;

/** Publishes a message of a stream; resolves when the bus has stored it. Throws {@link BusAway}. */
export async function storeMessage(bus: Bus, subject: string, data: Uint8Array): Promise<void> {
  requireStored(await bus.request(subject, data, TIMEOUT_MS));
}

/** Publishes the agent's presence; resolves when the bus has stored it. Throws {@link BusAway}. */
export async function putPresence(bus: Bus, presence: Presence): Promise<void> {
  await storeMessage(bus, presenceSubject(presence.agent), encodeMessage(presence));
}

/** Deletes the agent's presence. Throws {@link BusAway}. */
export async function deletePresence(bus: Bus, agent: string): Promise<void> {
  requireStored(await bus.request(presenceSubject(agent), "", TIMEOUT_MS, { "KV-Operation": "DEL" }));
}

/** Reads chunk `n` of a sample; undefined if it is missing. Throws {@link BusAway}. */
export function readChunk(bus: Bus, blob: string, n: number): Promise<Uint8Array | undefined> {
  return readStored(bus, chunkReadSubject(blob, n), "a chunk of the sample");
}

/** Reads chunk `n` of a bundle's file, or a manifest; undefined if it is missing. Throws {@link BusAway}. */
export function readBundleChunk(bus: Bus, sha256: string, n: number): Promise<Uint8Array | undefined> {
  return readStored(bus, bundleReadSubject(sha256, n), "a chunk of the bundle");
}

async function readStored(bus: Bus, verb: string, what: string): Promise<Uint8Array | undefined> {
  const answer = await bus.request(verb, "", TIMEOUT_MS);
  if (answer.status === 404) return undefined;
  if (answer.status !== undefined) throw new BusAway(`NATS refuses to read ${what} (${answer.status} ${answer.description})`);
  return answer.data;
}

function requireStored(answer: BusMessage): void {
  const ack = readPubAck(answer);
  if ("error" in ack) throw new BusAway(`NATS did not store the message (${ack.error.code} ${ack.error.description})`);
}

function readPubAck(answer: BusMessage): z.infer<typeof PubAck> {
  try {
    return parseMessage(PubAck, answer.data);
  } catch (cause) {
    throw new BusAway("NATS acknowledged a message in an unknown form", { cause });
  }
}
