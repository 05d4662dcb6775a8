import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, open, rm, stat, truncate } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { bundleChunks, BUNDLE_CHUNK_BYTES, type BundleFile } from "../../schema/bundle.js";
import { hasCode, Unavailable } from "../contract.js";
import { sizeOf } from "./bundle-files.js";
import type { BundleReader } from "./bundle-reader.js";
import { BundleError } from "./bundle-error.js";

/** Together 4 MB of a file. */
const READS_IN_FLIGHT = 4;
/** How often a chunk is asked for: an answer may be lost, and one server of a cluster has it later than the others. */
const TRIES = 4;
const ASK_AGAIN_MS = 500;

/** Slows reads down to so many bytes in a second, all together. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>;

/** Nothing has been read yet. */
export function createPace(bytesPerSecond: number): Pace {
  let free = performance.now();
  return async (bytes, signal) => {
    const now = performance.now();
    free = Math.max(free, now) + (bytes / bytesPerSecond) * 1_000;
    if (free > now) await pause(free - now, undefined, { signal });
  };
}

/** How a file is read. */
export interface FetchOptions {
  readonly reader: BundleReader;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  /** So much more of the file is here; less than 0: so much of it was wrong. */
  readonly onBytes: (bytes: number) => void;
  readonly retryMs?: number | undefined;
}

/**
 * Reads a file of the mesh into `into`, and goes on where an earlier read was cut off. Throws {@link BundleError} if the mesh has not all
 * of it or has something else, Unavailable while the mesh is away, or the signal's reason.
 */
export async function fetchFile(file: BundleFile, into: string, options: FetchOptions): Promise<void> {
  const kept = await keepChunks(into, file);
  options.onBytes(kept);
  let isRight = await fetchRest(file, into, kept, options);
  if (!isRight && kept > 0) {
    // A power cut may have left something else.
    await rm(into, { force: true });
    options.onBytes(-file.size);
    isRight = await fetchRest(file, into, 0, options);
  }
  if (isRight) return await chmod(into, 0o444);
  await rm(into, { force: true });
  throw wrong(file);
}

/** How many bytes of a file have arrived before: whole chunks of it, the rest is cut off. */
async function keepChunks(into: string, { size }: BundleFile): Promise<number> {
  const there = (await sizeOf(into)) ?? 0;
  if (there === size) return size;
  const kept = there > size ? 0 : there - (there % BUNDLE_CHUNK_BYTES);
  if (kept === 0) await rm(into, { force: true });
  else await truncate(into, kept);
  return kept;
}

/** Whether the file is what its manifest says. */
async function fetchRest(file: BundleFile, into: string, kept: number, options: FetchOptions): Promise<boolean> {
  const hash = createHash("sha256");
  if (kept > 0) await addFile(hash, into, options.signal);
  const handle = await open(into, "a");
  try {
    for await (const chunk of readChunks(file, Math.ceil(kept / BUNDLE_CHUNK_BYTES), options)) {
      hash.update(chunk);
      await handle.appendFile(chunk);
      options.onBytes(chunk.length);
    }
  } finally {
    await handle.close();
  }
  return hash.digest("hex") === file.sha256;
}

async function* readChunks(file: BundleFile, first: number, options: FetchOptions) {
  const chunks = bundleChunks(file.size);
  // Settled, because a read that fails after an earlier one has failed is not awaited any more.
  const reads: Promise<PromiseSettledResult<Uint8Array>[]>[] = [];
  for (let n = first; n < chunks; n++) {
    for (let next = n + reads.length; next < chunks && reads.length < READS_IN_FLIGHT; next++)
      reads.push(Promise.allSettled([readChunk(file, next, options)]));
    const [read] = (await reads.shift()) ?? [];
    if (read?.status === "rejected") throw read.reason;
    if (read) yield read.value;
  }
}

async function readChunk(file: BundleFile, n: number, options: FetchOptions): Promise<Uint8Array> {
  const { reader, pace, signal, retryMs = ASK_AGAIN_MS } = options;
  const length = Math.min(BUNDLE_CHUNK_BYTES, file.size - n * BUNDLE_CHUNK_BYTES);
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    await pace(length, signal);
    try {
      const chunk = await reader.read(file.sha256, n);
      if (chunk?.length === length) return chunk;
      if (tries === TRIES) throw chunk ? wrong(file) : new BundleError(`the mesh lacks a part of its file ${file.path}`);
    } catch (error) {
      if (!(error instanceof Unavailable) || tries === TRIES) throw error;
    }
    await pause(retryMs * 2 ** (tries - 1), undefined, { signal });
  }
}

function wrong({ path }: BundleFile): BundleError {
  return new BundleError(`its file ${path} is not what its manifest says: the mesh's copy is damaged or was altered`);
}

/** Whether a file is what a manifest says: a power cut, for one, may have left another. */
export async function isWhole(path: string, { sha256, size }: BundleFile, signal: AbortSignal): Promise<boolean> {
  try {
    if ((await stat(path)).size !== size) return false;
    const hash = createHash("sha256");
    await addFile(hash, path, signal);
    return hash.digest("hex") === sha256;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

async function addFile(hash: Hash, path: string, signal: AbortSignal): Promise<void> {
  await pipeline(
    createReadStream(path),
    async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) hash.update(piece);
    },
    { signal },
  );
}
