import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { bundleChunks, BUNDLE_CHUNK_BYTES, type BundleFile } from "../../schema/bundle.js";
import { hasCode } from "../contract.js";
import type { BundleReader } from "./bundle-reader.js";
import { BundleError } from "./bundle-error.js";

/** Together 4 MB of a file. */
const READS_IN_FLIGHT = 4;

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
  readonly onBytes: (bytes: number) => void;
}

/**
 * Reads a file of the mesh into a new one. Throws {@link BundleError} if the mesh has not all of it or has something else, Unavailable
 * while the mesh is away, or the signal's reason.
 */
export async function fetchFile({ path, sha256, size }: BundleFile, into: string, options: FetchOptions): Promise<void> {
  const hash = createHash("sha256");
  const handle = await open(into, "wx");
  try {
    let written = 0;
    for await (const chunk of readChunks(sha256, bundleChunks(size), options)) {
      if (chunk === undefined) throw new BundleError(`the mesh lacks a part of its file ${path}`);
      hash.update(chunk);
      await handle.appendFile(chunk);
      written += chunk.length;
      if (written > size) break;
      options.onBytes(chunk.length);
    }
    if (written !== size || hash.digest("hex") !== sha256)
      throw new BundleError(`its file ${path} is not what its manifest says: the mesh's copy is damaged or was altered`);
    await handle.chmod(0o444);
  } finally {
    await handle.close();
  }
}

async function* readChunks(sha256: string, chunks: number, { reader, pace, signal }: FetchOptions) {
  // Settled, because a read that fails after an earlier one has failed is not awaited any more.
  const reads: Promise<PromiseSettledResult<Uint8Array | undefined>[]>[] = [];
  for (let n = 0; n < chunks; n++) {
    for (let next = n + reads.length; next < chunks && reads.length < READS_IN_FLIGHT; next++) {
      signal.throwIfAborted();
      await pace(BUNDLE_CHUNK_BYTES, signal);
      reads.push(Promise.allSettled([reader.read(sha256, next)]));
    }
    const [read] = (await reads.shift()) ?? [];
    if (read?.status === "rejected") throw read.reason;
    yield read?.value;
  }
}

/** Whether a file is what a manifest says: a power cut, for one, may have left another. */
export async function isWhole(path: string, { sha256, size }: BundleFile): Promise<boolean> {
  try {
    if ((await stat(path)).size !== size) return false;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex") === sha256;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
