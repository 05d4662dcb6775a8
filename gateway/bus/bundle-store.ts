/**
 * Files of bundles in the stream BUNDLES of each account, named by their sha256. A file's first chunk is written last, so a file that has
 * it is complete. Files are not sealed, because signatures are no secret.
 */

import { createHash } from "node:crypto";
import type { NatsConnection } from "nats";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { BUNDLE_CHUNK_BYTES, bundleChunks } from "../../schema/bundle.js";
import type { InternetClass } from "../../schema/classes.js";
import { sendRequest } from "../../schema/nats/requests.js";
import { publishStored } from "../../schema/nats/stored.js";
import { ALL_BUNDLE_CHUNKS, bundleFileSubject, bundleReadSubject, BUNDLES, bundleSubject } from "../../schema/subjects.js";
import type { Account } from "./account.js";
import type { GatewayConfig } from "../config.js";
import { GatewayError } from "../errors.js";
import { chunked, openWindow } from "../batches/flow.js";
import { CHUNK_TIMEOUT_MS, isAway, isFull, keepConnection, requirePayload, unavailable, type Connection } from "./connection.js";
import { BytesMissing } from "./sample-store.js";

/** A file, identified by its content. */
export interface StoredFile {
  readonly sha256: string;
  readonly size: number;
}

/** A file to store. */
export interface SentFile {
  readonly sha256: string;
  /** The announced size; undefined if none was given. */
  readonly announced: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What is stored in an account. */
export interface StoredBundles {
  /** The number of chunks of each complete file, by its sha256. */
  readonly files: ReadonlyMap<string, number>;
  /** Incomplete files: interrupted uploads, or files that lost chunks. */
  readonly parts: readonly string[];
  /** How many more bytes fit. */
  readonly room: number;
}

/** Bundles' files, in the account of each class. Only gateways write and remove. Every call throws UNAVAILABLE while NATS is away. */
export interface BundleStore {
  /**
   * Stores a file and returns its size once it is safe. A file that is stored already is only read. Throws BAD_INPUT if the bytes have
   * another sha256, TOO_LARGE or STORAGE_FULL. Chunks of a failed upload stay, because another gateway may have completed the same file
   * meanwhile; they never count as a complete file.
   */
  put(internet: InternetClass, file: SentFile, limit: number): Promise<number>;
  /** Whether the complete file is stored. */
  has(internet: InternetClass, file: StoredFile): Promise<boolean>;
  /** Everything that is stored. */
  content(internet: InternetClass): Promise<StoredBundles>;
  /**
   * Yields the bytes piece by piece, each read on demand. Throws {@link BytesMissing}, or an error at the end if the sha256 does not match.
   */
  read(internet: InternetClass, file: StoredFile): AsyncGenerator<Uint8Array>;
  /** When the file's last chunk was stored; undefined if it has none. */
  storedAt(internet: InternetClass, sha256: string): Promise<Date | undefined>;
  /** Removes files, complete or not. Files that are gone already are ignored. */
  remove(internet: InternetClass, sha256s: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** 2 MB in total, so that live traffic takes precedence. */
const WRITES_IN_FLIGHT = 2;

export function openBundleStore(
  config: GatewayConfig,
  log: Logger,
  account: (internet: InternetClass) => Pick<Account, "ensureBundles">,
): BundleStore {
  const open = (internet: InternetClass) => keepConnection(config, internet, "bundles", log, async (nc) => requirePayload(nc));
  const connections: Record<InternetClass, Connection> = { isolated: open("isolated"), internet: open("internet") };

  async function ask<T>(internet: InternetClass, question: (nc: NatsConnection) => Promise<T>): Promise<T> {
    try {
      return await question(connections[internet].up());
    } catch (error) {
      if (isFull(error, "stream or server")) throw full(error);
      throw isAway(error) ? unavailable(error) : error;
    }
  }

  /** The chunk subjects that exist, and the room left in the stream. */
  async function countChunks(internet: InternetClass, subjects: string) {
    return ask(internet, async (nc) => {
      const jsm = await nc.jetstreamManager({ checkAPI: false });
      const { state, config: stream } = await jsm.streams.info(BUNDLES, { subjects_filter: subjects });
      return { subjects: Object.keys(state.subjects ?? {}), room: stream.max_bytes - state.bytes };
    });
  }

  async function removeOne(internet: InternetClass, sha256: string): Promise<void> {
    await ask(internet, async (nc) => {
      const jsm = await nc.jetstreamManager({ checkAPI: false });
      await jsm.streams.purge(BUNDLES, { filter: bundleFileSubject(sha256) });
    });
  }

  async function getChunk(internet: InternetClass, sha256: string, n: number) {
    const message = await ask(internet, (nc) =>
      sendRequest(nc, bundleReadSubject(sha256, n), [], { timeoutMs: CHUNK_TIMEOUT_MS }),
    );
    const status = message.headers?.code ?? 0;
    if (status === 404) return undefined;
    if (status !== 0) throw new Error(`NATS answered ${status} ${message.headers?.description ?? ""} to reading a bundle`);
    return message;
  }

  /** A check that is possible before the bytes arrive; without an announced size it looks only for the first chunk. */
  async function isWhole(internet: InternetClass, sha256: string, announced: number | undefined): Promise<boolean> {
    const { subjects } = await countChunks(internet, bundleFileSubject(sha256));
    if (!subjects.includes(bundleSubject(sha256, 0))) return false;
    return announced === undefined || subjects.length === bundleChunks(announced);
  }

  const has: BundleStore["has"] = async (internet, { sha256, size }) =>
    (await countChunks(internet, bundleFileSubject(sha256))).subjects.length === bundleChunks(size);

  return {
    has,
    async put(internet, { sha256, announced, bytes: source }, limit) {
      await account(internet).ensureBundles();
      const isThere = await isWhole(internet, sha256, announced);
      const attempt = uuidv7();
      const write = (n: number, pieces: readonly Uint8Array[]) =>
        ask(internet, (nc) =>
          publishStored(nc, bundleSubject(sha256, n), pieces, {
            messageId: `${attempt}.${n}`,
            timeoutMs: CHUNK_TIMEOUT_MS,
            tries: 3,
          }),
        );
      const hash = createHash("sha256");
      let size = 0;
      async function* measured() {
        for await (const bytes of source) {
          size += bytes.length;
          if (size > limit) throw new GatewayError("TOO_LARGE", `the file is larger than ${limit} bytes`);
          hash.update(bytes);
          yield bytes;
        }
      }
      const window = openWindow<number>(WRITES_IN_FLIGHT);
      try {
        let first: readonly Uint8Array[] | undefined;
        let n = 0;
        for await (const pieces of chunked(measured(), BUNDLE_CHUNK_BYTES)) {
          const index = n++;
          if (isThere) continue;
          if (index === 0) first = pieces;
          else await window.add(() => write(index, pieces));
        }
        await window.all();
        const found = hash.digest("hex");
        if (found !== sha256)
          throw new GatewayError("BAD_INPUT", `these bytes have the sha256 ${found}, not ${sha256}: send the file again`);
        if (!isThere) await write(0, first ?? []);
        // The file may have been removed meanwhile, whether it was already stored or uploaded now.
        if (!(await has(internet, { sha256, size }))) throw unavailable();
        return size;
      } catch (error) {
        await window.settled();
        throw error;
      }
    },
    async content(internet) {
      await account(internet).ensureBundles();
      const { subjects, room } = await countChunks(internet, ALL_BUNDLE_CHUNKS);
      const counts = new Map<string, number>();
      const firsts = new Set<string>();
      for (const [, sha256 = "", n] of subjects.map((subject) => subject.split("."))) {
        counts.set(sha256, (counts.get(sha256) ?? 0) + 1);
        if (n === "0") firsts.add(sha256);
      }
      const [files, parts] = [
        [...counts].filter(([sha256]) => firsts.has(sha256)),
        [...counts.keys()].filter((one) => !firsts.has(one)),
      ];
      return { files: new Map(files), parts, room: Math.max(0, room) };
    },
    async *read(internet, { sha256, size }) {
      const hash = createHash("sha256");
      for (let n = 0; n < bundleChunks(size); n += 1) {
        const message = await getChunk(internet, sha256, n);
        if (message === undefined) throw new BytesMissing(`chunk ${n} of the file ${sha256} of a bundle is missing`);
        hash.update(message.data);
        yield message.data;
      }
      if (hash.digest("hex") !== sha256) throw new Error(`the file ${sha256} of a bundle is not as it was stored`);
    },
    async storedAt(internet, sha256) {
      const { subjects } = await countChunks(internet, bundleFileSubject(sha256));
      const numbers = subjects.map((subject) => Number(subject.split(".")[2]));
      if (numbers.length === 0) return undefined;
      const time = (await getChunk(internet, sha256, Math.max(...numbers)))?.headers?.get("Nats-Time-Stamp");
      return time ? new Date(time) : undefined;
    },
    async remove(internet, sha256s) {
      for (const sha256 of sha256s) await removeOne(internet, sha256);
    },
    async close() {
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
  };
}

function full(cause: unknown): GatewayError {
  return new GatewayError("STORAGE_FULL", "there is no room for this bundle: remove others, or raise SCANMESH_BUNDLES_MAX", {
    cause,
  });
}
