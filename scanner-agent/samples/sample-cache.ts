import { createHash, randomUUID } from "node:crypto";
import { open, statfs, unlink, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { hasCode, NoRoom, reasonOf, TimedOut, Unavailable } from "../contract.js";
import { createSearch, type Signature } from "../inspect/formats/search.js";
import { within } from "../within.js";
import { SampleDamaged, type SampleReader, type SampleRef } from "./sample-reader.js";

const FETCH_TIMEOUT_MS = 120_000;
/** Space that must stay free on the spool's disk. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/** A sample's file, which exists until it is released. */
export interface HeldSample {
  readonly path: string;
  /** What it may be or hold, found while it was fetched. */
  readonly signatures: readonly Signature[];
  release(): Promise<void>;
}

/** The samples that engines of this host use now: each is fetched once, and its file is removed after the last release. */
export interface SampleCache {
  /**
   * Throws {@link SampleDamaged} if the bytes are missing or not the sample's, {@link Unavailable} if the bus or the disk does
   * not let it fetch them, {@link NoRoom} if the disk has room for others only, or the signal's reason.
   */
  hold(sample: SampleRef, signal: AbortSignal): Promise<HeldSample>;
  /** Bytes of the largest sample that it could hold if it held no other; undefined while that cannot be found out. */
  largest(): Promise<number | undefined>;
  /** Throws {@link Unavailable} while samples cannot be fetched. */
  probe(): Promise<void>;
}

interface StoredFile {
  readonly path: string;
  readonly size: number;
  /** Bytes that are on the disk. */
  written: number;
  readonly abandon: AbortController;
  fetching: boolean;
}

interface Entry {
  readonly file: StoredFile;
  readonly fetched: Promise<readonly Signature[]>;
  holders: number;
}

/** A cache with its files in `folder`; `readFree` tells how many bytes its disk has free. */
export function createSampleCache(
  reader: SampleReader,
  folder: string,
  log: Logger,
  readFree: (folder: string) => Promise<number> = readFreeBytes,
): SampleCache {
  const entries = new Map<string, Entry>();
  /** Every file that is there, those of forgotten entries too. */
  const onDisk = new Set<StoredFile>();
  let files = 0;

  function add(sample: SampleRef): Entry {
    const path = join(folder, `${++files}-${sample.sha256}`);
    const abandon = new AbortController();
    const file: StoredFile = { path, size: sample.size, written: 0, abandon, fetching: true };
    onDisk.add(file);
    const entry: Entry = { file, fetched: fetchTwice(sample, file), holders: 0 };
    const onEnd = async () => {
      file.fetching = false;
      if (entry.holders === 0) await remove(file);
    };
    // Holders handle a failure themselves; a fetch that was abandoned has none.
    void entry.fetched.then(onEnd, onEnd);
    entries.set(sample.sha256, entry);
    return entry;
  }

  async function release(sha256: string, entry: Entry): Promise<void> {
    entry.holders -= 1;
    if (entry.holders > 0) return;
    if (entries.get(sha256) === entry) entries.delete(sha256);
    if (!entry.file.fetching) return await remove(entry.file);
    // The fetch removes its file when it ends.
    entry.file.abandon.abort();
  }

  /** A file that cannot be removed fails no scan: the next start of the agent cleans the spool. */
  async function remove(stored: StoredFile): Promise<void> {
    try {
      await unlink(stored.path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) log.error({ err: error }, "Cannot remove a sample from the spool");
    }
    stored.written = 0;
    if (!stored.fetching) onDisk.delete(stored);
  }

  async function fetchTwice(sample: SampleRef, stored: StoredFile): Promise<readonly Signature[]> {
    await requireRoom(sample.size);
    try {
      return await fetchOnce(sample, stored);
    } catch (error) {
      if (!(error instanceof SampleDamaged)) throw error;
      return await fetchOnce(sample, stored);
    }
  }

  /** Throws {@link NoRoom} if the sample does not fit beside those that are being fetched. */
  async function requireRoom(size: number): Promise<void> {
    const free = await toDisk(() => readFree(folder));
    if (free < RESERVE_BYTES) throw isFull();
    // The sample itself is among those that are not written yet.
    const unwritten = [...onDisk].reduce((sum, one) => sum + one.size - one.written, 0);
    if (free - RESERVE_BYTES < unwritten) throw new NoRoom(`no room for a sample of ${size} bytes in the spool folder ${folder}`);
  }

  async function fetchOnce(sample: SampleRef, stored: StoredFile): Promise<readonly Signature[]> {
    const file = await toDisk(() => open(stored.path, "w", 0o444));
    try {
      return await copyBytes(sample, file, stored);
    } catch (error) {
      await remove(stored);
      throw error;
    } finally {
      await file.close();
    }
  }

  async function copyBytes(sample: SampleRef, file: FileHandle, stored: StoredFile): Promise<readonly Signature[]> {
    const hash = createHash("sha256");
    const search = createSearch();
    for await (const bytes of reader.read(sample)) {
      stored.abandon.signal.throwIfAborted();
      hash.update(bytes);
      search.read(bytes);
      await toDisk(() => file.appendFile(bytes));
      stored.written += bytes.length;
    }
    const actual = hash.digest("hex");
    if (actual !== sample.sha256) throw new SampleDamaged(`the sample's bytes are not its own: their sha256 is ${actual}`);
    return search.signatures();
  }

  async function toDisk<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      const problem = `cannot write the sample to the spool folder (${reasonOf(cause)})`;
      throw hasCode(cause, "ENOSPC", "EDQUOT", "EFBIG") ? new NoRoom(problem, { cause }) : new Unavailable(problem, { cause });
    }
  }

  function isFull(): Unavailable {
    return new Unavailable(`the disk of the spool folder ${folder} is full`);
  }

  return {
    async hold(sample, signal) {
      const entry = entries.get(sample.sha256) ?? add(sample);
      entry.holders += 1;
      try {
        const signatures = await within(FETCH_TIMEOUT_MS, entry.fetched, signal);
        return { path: entry.file.path, signatures, release: () => release(sample.sha256, entry) };
      } catch (error) {
        // A failed fetch is forgotten: the next request fetches again.
        if (entries.get(sample.sha256) === entry && !signal.aborted) entries.delete(sample.sha256);
        await release(sample.sha256, entry);
        throw error instanceof TimedOut
          ? new Unavailable(`not fetched within ${FETCH_TIMEOUT_MS / 1000} s`, { cause: error })
          : error;
      }
    },
    async largest() {
      try {
        const free = await readFree(folder);
        const ours = [...onDisk].reduce((sum, { written }) => sum + written, 0);
        return Math.max(0, free + ours - RESERVE_BYTES);
      } catch (error) {
        log.debug({ err: error }, "Cannot find out how much room there is for samples");
        return undefined;
      }
    },
    async probe() {
      await toDisk(() => tryDisk(folder));
      if ((await toDisk(() => readFree(folder))) < RESERVE_BYTES) throw isFull();
      await reader.probe();
    },
  };
}

async function readFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function tryDisk(folder: string): Promise<void> {
  // Several engines try at once.
  const file = join(folder, `probe-${randomUUID()}`);
  await writeFile(file, "");
  await unlink(file);
}
