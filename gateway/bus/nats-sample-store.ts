import { DeliverPolicy, type Msg, type NatsConnection } from "nats";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import type { InternetClass } from "../../schema/classes.js";
import { recycle } from "../../schema/nats/payloads.js";
import { sendRequest } from "../../schema/nats/requests.js";
import { publishStored } from "../../schema/nats/stored.js";
import { freePieces } from "../../schema/free-pieces.js";
import { createSampleKey, sealChunk, unsealChunk } from "../../schema/sealed-chunks.js";
import { CHUNK_BYTES } from "../../schema/streams.js";
import { blobOfChunk, CHUNK_BY_SEQUENCE, chunkReadSubject, chunkSubject, SAMPLES } from "../../schema/subjects.js";
import type { GatewayConfig } from "../config.js";
import { readContent, type ContentReader } from "./content.js";
import { GatewayError } from "../errors.js";
import { chunked, openWindow } from "../batches/flow.js";
import {
  CHUNK_TIMEOUT_MS,
  isAway,
  isFull,
  keepConnection,
  removeMessages,
  requirePayload,
  unavailable,
  type Connection,
} from "./connection.js";
import { FULL } from "./write-probe.js";
import {
  BytesMissing,
  type PutOptions,
  type SampleCopy,
  type SampleLocation,
  type SampleStore,
  type StoredBlob,
} from "./sample-store.js";

/** 4 MB of an upload in total. */
const WRITES_IN_FLIGHT = 4;
const WALK_PAGE = 500;

/** A location is the chunks' sequences in SAMPLES, in the order of the chunks. */
const locationOf = (seqs: readonly number[]) => seqs as unknown as SampleLocation;
const seqsOf = (location: SampleLocation) => location as unknown as readonly number[];

/** What the store needs to know about the mesh. */
export interface StoreSurroundings {
  /** Why NATS accepts no writes. */
  problem(internet: InternetClass): string | undefined;
  /** The largest chunk that agents can read, in bytes. */
  largestChunk(): number;
  /** Whether samples are sealed. */
  seals(): Promise<boolean>;
}

/** Keeps samples as chunks in the stream SAMPLES of each account. */
export function openNatsSampleStore(
  config: GatewayConfig,
  log: Logger,
  { problem, largestChunk, seals }: StoreSurroundings,
  timeoutMs = CHUNK_TIMEOUT_MS,
): SampleStore {
  const open = (internet: InternetClass) => keepConnection(config, internet, "samples", log, async (nc) => requirePayload(nc));
  const connections: Record<InternetClass, Connection> = { isolated: open("isolated"), internet: open("internet") };

  /** With `attempt` a repeated publish is idempotent, while a later copy of the same blob is stored again. */
  async function writeChunk(
    nc: NatsConnection,
    attempt: string,
    blob: string,
    n: number,
    pieces: readonly Uint8Array[],
  ): Promise<number> {
    try {
      const options = { messageId: `${attempt}.${n}`, timeoutMs, tries: 3 };
      return await publishStored(nc, chunkSubject(blob, n), pieces, options);
    } catch (error) {
      if (isFull(error, "stream or server")) throw storageFull(error);
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  async function writeSealed(
    nc: NatsConnection,
    blob: string,
    key: string,
    n: number,
    pieces: readonly Uint8Array[],
  ): Promise<number> {
    const sealed = sealChunk(key, n, pieces);
    const seq = await writeChunk(nc, blob, blob, n, sealed);
    // Freed only on success: after a failure the pieces may still be waiting to be sent.
    freePieces(sealed);
    return seq;
  }

  /** The connection; throws if a write would only time out. */
  function writable(internet: InternetClass): NatsConnection {
    const found = problem(internet);
    if (found === FULL) throw storageFull();
    if (found !== undefined) {
      throw new GatewayError("UNAVAILABLE", "nothing can be stored now: the disk of NATS is full or broken", { retryAfter: 5 });
    }
    return connections[internet].up();
  }

  async function get(internet: InternetClass, subject: string, which = ""): Promise<Msg | undefined> {
    try {
      const message = await sendRequest(connections[internet].up(), subject, [Buffer.from(which)], {
        timeoutMs,
      });
      const status = message.headers?.code ?? 0;
      if (status === 404) return undefined;
      if (status !== 0) throw new Error(`NATS answered ${status} ${message.headers?.description ?? ""} to reading a chunk`);
      return message;
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  /** The chunks as stored, still sealed. */
  async function* readStored(internet: InternetClass, { blob, location }: StoredBlob): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < seqsOf(location).length; n += 1) {
      const message = await get(internet, chunkReadSubject(blob, n));
      if (message === undefined) throw new BytesMissing(`chunk ${n} of the blob ${blob} is missing`);
      yield message.data;
    }
  }

  async function* read(internet: InternetClass, copy: SampleCopy): AsyncGenerator<Uint8Array> {
    const { blob, key } = copy;
    let n = 0;
    for await (const stored of readStored(internet, copy)) {
      const bytes = key === null ? stored : unsealChunk(key, n, stored);
      if (bytes === undefined) throw new Error(`chunk ${n} of the blob ${blob} is not as it was stored`);
      yield bytes;
      n += 1;
    }
  }

  async function removeChunks(internet: InternetClass, seqs: readonly number[]): Promise<void> {
    await removeMessages(connections[internet].up(), SAMPLES, seqs);
  }

  /** Best effort: the sweep removes chunks that remain as orphans. */
  async function undo(written: Promise<number[]>, reason: unknown): Promise<void> {
    const seqs = await written;
    if (seqs.length === 0) return;
    try {
      await removeChunks("isolated", seqs);
    } catch (error) {
      log.warn({ err: error, reason, chunks: seqs.length }, "cannot remove the chunks of a failed upload now; the sweep will");
    }
  }

  return {
    read,
    async put(source, options) {
      const nc = writable("isolated");
      const blob = uuidv7();
      const key = (await seals()) ? createSampleKey() : null;
      const content = readContent();
      const window = openWindow<number>(WRITES_IN_FLIGHT);
      const write = (n: number, pieces: readonly Uint8Array[]) =>
        window.add(() => (key === null ? writeChunk(nc, blob, blob, n, pieces) : writeSealed(nc, blob, key, n, pieces)));
      try {
        let n = 0;
        // The latest chunk is held back: if a sample has only one, the store checks whether it is known before writing it.
        let held: readonly Uint8Array[] | undefined;
        for await (const chunk of chunked(limited(source, content, options), Math.min(CHUNK_BYTES, largestChunk()))) {
          if (held !== undefined) await write(n++, held);
          held = chunk;
        }
        const found = await content.finish();
        if (n === 0 && (await options.isStored(found.sha256))) return { ...found, copy: null };
        await write(n, held ?? []);
        return { ...found, copy: { blob, location: locationOf(await window.all()), key } };
      } catch (error) {
        await undo(window.settled(), error);
        throw error;
      }
    },
    async has(internet, { blob, location }) {
      return (await get(internet, chunkReadSubject(blob, seqsOf(location).length - 1))) !== undefined;
    },
    async copyToInternet(copy) {
      const nc = writable("internet");
      const attempt = uuidv7();
      const window = openWindow<number>(WRITES_IN_FLIGHT);
      try {
        let n = 0;
        for await (const bytes of readStored("isolated", copy)) {
          const index = n++;
          await window.add(async () => {
            const seq = await writeChunk(nc, attempt, copy.blob, index, [bytes]);
            // Once acknowledged, the buffer can be reused; after a failure it may still be waiting to be sent.
            recycle(bytes);
            return seq;
          });
        }
        return locationOf(await window.all());
      } catch (error) {
        const written = await window.settled();
        if (connections.internet.isUp()) await removeChunks("internet", written);
        throw error;
      }
    },
    remove: (internet, locations) => removeChunks(internet, locations.flatMap(seqsOf)),
    async removeCopy(internet, { blob, location }) {
      const seqs = seqsOf(location);
      const last = await get(internet, CHUNK_BY_SEQUENCE, JSON.stringify({ seq: seqs.at(-1) }));
      // If the stream was recreated, these sequences belong to other chunks.
      if (blobOfChunk(last?.headers?.get("Nats-Subject") ?? "") !== blob) return;
      // The last chunk identifies the stream on the next try, so it is deleted last.
      await removeChunks(internet, seqs.slice(0, -1));
      await removeChunks(internet, seqs.slice(-1));
    },
    async *walk(internet, after, until) {
      const nc = connections[internet].up();
      const jsm = await nc.jetstreamManager({ checkAPI: false });
      const { state, created: time } = await jsm.streams.info(SAMPLES);
      const created = `${String(time)} ${serverOf(nc)}`.trim();
      const from = after?.created === created ? after.seq + 1 : 1;
      if (state.messages === 0 || from > state.last_seq) return;
      const start = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(from, state.first_seq) };
      const consumer = await nc.jetstream().consumers.get(SAMPLES, { ...start, headers_only: true });
      for (let pending = 1; pending > 0;) {
        pending = 0;
        for await (const message of await consumer.fetch({ max_messages: WALK_PAGE, expires: 2_000 })) {
          if (message.info.timestampNanos / 1e6 > until.getTime()) return;
          pending = message.info.pending;
          const { seq, subject } = message;
          yield { blob: blobOfChunk(subject), location: locationOf([seq]), position: { seq, created } };
          if (pending === 0) return;
        }
      }
    },
    connected: () => Object.values(connections).every((connection) => connection.isUp()),
    async close() {
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
  };
}

/**
 * Identifies one run of the server: after a crash it may have messages again that it had removed. In a cluster the other servers still know
 * what was removed, so none is needed.
 */
function serverOf({ info }: NatsConnection): string {
  return info?.cluster === undefined ? (info?.server_id ?? "") : "";
}

function storageFull(cause?: unknown): GatewayError {
  return new GatewayError("STORAGE_FULL", "the sample store is full", { retryAfter: 30, cause });
}

/** Passes the bytes on while computing their content. Throws TOO_LARGE beyond the limit, or the signal's reason. */
async function* limited(
  source: AsyncIterable<Uint8Array>,
  content: ContentReader,
  { limit, signal }: PutOptions,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    signal?.throwIfAborted();
    if (content.size() + bytes.length > limit) throw new GatewayError("TOO_LARGE", `the sample is larger than ${limit} bytes`);
    content.update(bytes);
    yield bytes;
  }
  signal?.throwIfAborted();
}
