import { DeliverPolicy, type Msg, type NatsConnection, type PubAck } from "nats";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import type { InternetClass } from "../../schema/classes.js";
import { CHUNK_BYTES } from "../../schema/streams.js";
import { blobOfChunk, CHUNK_BY_SEQUENCE, chunkReadSubject, chunkSubject, SAMPLES } from "../../schema/subjects.js";
import { isAway, keepConnection, removeMessages, streamErrorCode, unavailable, type Connection } from "./connection.js";
import type { GatewayConfig } from "../config.js";
import { readContent, type ContentReader, type Kept } from "../content.js";
import { GatewayError } from "../errors.js";
import { chunked, openWindow } from "../flow.js";

export interface PutOptions {
  /** Most bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Asked before anything is written for a sample of one chunk: true if it is stored already. */
  readonly known: (sha256: string) => Promise<boolean>;
}

/** Samples as chunks on the bus, in each account. Only the gateway writes and removes. */
export interface SampleStore {
  /** Streams bytes into ISOLATED; every chunk has its PubAck when it returns. What it wrote is removed if it throws. */
  put(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<Kept>;
  /** The bytes of chunk `n`, or undefined if the account does not hold it. */
  read(internet: InternetClass, blob: string, n: number): Promise<Uint8Array | undefined>;
  /** Copies a blob to INTERNET; the sequences there. Throws SAMPLE_NOT_STORED if a chunk is gone. */
  copyToInternet(blob: string, chunks: number): Promise<number[]>;
  /** Removes chunks by sequence; one that is gone already is fine. */
  remove(internet: InternetClass, chunks: readonly number[]): Promise<void>;
  /**
   * Removes a blob's chunks by sequence, unless the stream was made anew since: its sequences would be others' by now. Begun
   * again where it was broken off.
   */
  removeBlob(internet: InternetClass, blob: string, chunks: readonly number[]): Promise<void>;
  /** The stored chunks from sequence `from` on that are older than `until`, without their bytes. */
  walk(internet: InternetClass, from: number, until: Date): AsyncIterable<{ seq: number; subject: string }>;
  /** The stream's identity: it changes when the stream was made anew. */
  identity(internet: InternetClass): Promise<string>;
  /** Whether both accounts' stores can be reached. */
  connected(): boolean;
  close(): Promise<void>;
}

const WRITES_IN_FLIGHT = 8;
const WALK_PAGE = 500;
const STREAM_FULL = new Set([10_077, 10_023, 10_047]);

export function openSampleStore(config: GatewayConfig, log: Logger): SampleStore {
  const open = (internet: InternetClass) => keepConnection(config, internet, "samples", log, async () => {});
  const connections: Record<InternetClass, Connection> = { isolated: open("isolated"), internet: open("internet") };

  /** `attempt` keeps a repeated publish from being stored twice; a later copy of the same blob is another attempt. */
  async function write(nc: NatsConnection, attempt: string, blob: string, n: number, bytes: Uint8Array): Promise<number> {
    try {
      const options = { msgID: `${attempt}.${n}`, timeout: 10_000, retries: 3 };
      const ack: PubAck = await nc.jetstream().publish(chunkSubject(blob, n), bytes, options);
      return ack.seq;
    } catch (error) {
      const code = streamErrorCode(error);
      if (code !== undefined && STREAM_FULL.has(code)) {
        throw new GatewayError("STORAGE_FULL", "the sample store is full", { cause: error });
      }
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  async function get(internet: InternetClass, subject: string, which?: string): Promise<Msg | undefined> {
    try {
      const message = await connections[internet].up().request(subject, which, { timeout: 10_000 });
      const status = message.headers?.code ?? 0;
      if (status === 404) return undefined;
      if (status !== 0) throw new Error(`reading a chunk answered ${status} ${message.headers?.description ?? ""}`);
      return message;
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  async function read(internet: InternetClass, blob: string, n: number): Promise<Uint8Array | undefined> {
    return (await get(internet, chunkReadSubject(blob, n)))?.data;
  }

  async function remove(internet: InternetClass, chunks: readonly number[]): Promise<void> {
    await removeMessages(connections[internet].up(), SAMPLES, chunks);
  }

  return {
    read,
    remove,
    async removeBlob(internet, blob, chunks) {
      const last = await get(internet, CHUNK_BY_SEQUENCE, JSON.stringify({ seq: chunks.at(-1) }));
      if (blobOfChunk(last?.headers?.get("Nats-Subject") ?? "") !== blob) return;
      // The last one, by which the stream is known, goes last.
      await remove(internet, chunks.slice(0, -1));
      await remove(internet, chunks.slice(-1));
    },
    async put(source, options) {
      const nc = connections.isolated.up();
      const blob = uuidv7();
      const content = readContent();
      const window = openWindow<number>(WRITES_IN_FLIGHT);
      try {
        const chunks = chunked(counted(source, content, options), CHUNK_BYTES);
        let n = 0;
        let held: Uint8Array | undefined;
        for await (const chunk of chunks) {
          if (held !== undefined) {
            const bytes = held;
            const index = n++;
            await window.add(() => write(nc, blob, blob, index, bytes));
          }
          held = chunk;
        }
        const found = await content.finish();
        if (n === 0 && (await options.known(found.sha256))) return { ...found, stored: null };
        const last = held ?? new Uint8Array(0);
        await window.add(() => write(nc, blob, blob, n, last));
        return { ...found, stored: { blob, chunks: await window.all() } };
      } catch (error) {
        await forget(window.settled(), error);
        throw error;
      }
    },
    async copyToInternet(blob, chunks) {
      const nc = connections.internet.up();
      const attempt = uuidv7();
      const window = openWindow<number>(WRITES_IN_FLIGHT);
      try {
        for (let n = 0; n < chunks; n += 1) {
          const bytes = await read("isolated", blob, n);
          if (bytes === undefined) throw new GatewayError("SAMPLE_NOT_STORED", `chunk ${n} of the sample is gone`);
          await window.add(() => write(nc, attempt, blob, n, bytes));
        }
        return await window.all();
      } catch (error) {
        const written = await window.settled();
        if (connections.internet.isUp()) await remove("internet", written);
        throw error;
      }
    },
    async *walk(internet, from, until) {
      const jsm = await connections[internet].up().jetstreamManager({ checkAPI: false });
      const js = connections[internet].up().jetstream();
      const { state } = await jsm.streams.info(SAMPLES);
      if (state.messages === 0 || from > state.last_seq) return;
      const start = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(from, state.first_seq) };
      const consumer = await js.consumers.get(SAMPLES, { ...start, headers_only: true });
      for (let pending = 1; pending > 0;) {
        pending = 0;
        for await (const message of await consumer.fetch({ max_messages: WALK_PAGE, expires: 2_000 })) {
          if (message.info.timestampNanos / 1e6 > until.getTime()) return;
          pending = message.info.pending;
          yield { seq: message.seq, subject: message.subject };
          if (pending === 0) return;
        }
      }
    },
    async identity(internet) {
      const jsm = await connections[internet].up().jetstreamManager({ checkAPI: false });
      return String((await jsm.streams.info(SAMPLES)).created);
    },
    connected: () => Object.values(connections).every((connection) => connection.isUp()),
    async close() {
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
  };

  /** Best effort: what stays behind is an orphan, which the sweep removes after its grace. */
  async function forget(written: Promise<number[]>, reason: unknown): Promise<void> {
    const chunks = await written;
    if (chunks.length === 0) return;
    try {
      await remove("isolated", chunks);
    } catch (error) {
      log.warn({ err: error, reason, chunks: chunks.length }, "chunks of a failed upload stay until the sweep");
    }
  }
}

/** Passes the bytes on while they are read for their content, up to the limit and until the signal. */
async function* counted(
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
