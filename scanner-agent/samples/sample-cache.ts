import { createHash, randomUUID } from "node:crypto";
import { open, statfs, unlink, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { hasCode, reasonOf, TimedOut, Unavailable } from "../contract.js";
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
   * Throws {@link SampleDamaged} if the bytes are missing or not the sample's, {@link Unavailable} if the bus or the disk does not
   * let it fetch them, or the signal's reason.
   */
  hold(sample: SampleRef, signal: AbortSignal): Promise<HeldSample>;
  /** Throws {@link Unavailable} while samples cannot be fetched. */
  probe(): Promise<void>;
}

interface Entry {
  readonly path: string;
  readonly fetched: Promise<readonly Signature[]>;
  readonly abandon: AbortController;
  fetching: boolean;
  holders: number;
}

/** A cache with its files in `folder`. */
export function createSampleCache(reader: SampleReader, folder: string, log: Logger): SampleCache {
  const entries = new Map<string, Entry>();
  let files = 0;
  let needed = 0;

  function add(sample: SampleRef): Entry {
    const path = join(folder, `${++files}-${sample.sha256}`);
    const abandon = new AbortController();
    const entry: Entry = { path, fetched: fetchTwice(sample, path, abandon.signal), abandon, fetching: true, holders: 0 };
    const onEnd = async () => {
      entry.fetching = false;
      if (entry.holders === 0) await remove(path);
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
    if (!entry.fetching) return await remove(entry.path);
    // The fetch removes its file when it ends.
    entry.abandon.abort();
  }

  /** A file that cannot be removed fails no scan: the next start of the agent cleans the spool. */
  async function remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) log.error({ err: error }, "Cannot remove a sample from the spool");
    }
  }

  async function fetchTwice(sample: SampleRef, path: string, signal: AbortSignal): Promise<readonly Signature[]> {
    try {
      return await fetchOnce(sample, path, signal);
    } catch (error) {
      if (!(error instanceof SampleDamaged)) throw error;
      return await fetchOnce(sample, path, signal);
    }
  }

  async function fetchOnce(sample: SampleRef, path: string, signal: AbortSignal): Promise<readonly Signature[]> {
    const file = await onDisk(sample.size, () => open(path, "w", 0o444));
    try {
      return await copyBytes(sample, file, signal);
    } catch (error) {
      await remove(path);
      throw error;
    } finally {
      await file.close();
    }
  }

  async function copyBytes(sample: SampleRef, file: FileHandle, signal: AbortSignal): Promise<readonly Signature[]> {
    const hash = createHash("sha256");
    const search = createSearch();
    for await (const bytes of reader.read(sample)) {
      signal.throwIfAborted();
      hash.update(bytes);
      search.read(bytes);
      await onDisk(sample.size, () => file.appendFile(bytes));
    }
    const actual = hash.digest("hex");
    if (actual !== sample.sha256) throw new SampleDamaged(`the sample's bytes are not its own: their sha256 is ${actual}`);
    return search.signatures();
  }

  async function onDisk<T>(size: number, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      needed = size;
      throw new Unavailable(`cannot write the sample to the spool folder (${reasonOf(cause)})`, { cause });
    }
  }

  return {
    async hold(sample, signal) {
      const entry = entries.get(sample.sha256) ?? add(sample);
      entry.holders += 1;
      try {
        const signatures = await within(FETCH_TIMEOUT_MS, entry.fetched, signal);
        return { path: entry.path, signatures, release: () => release(sample.sha256, entry) };
      } catch (error) {
        // A failed fetch is forgotten: the next request fetches again.
        if (entries.get(sample.sha256) === entry && !signal.aborted) entries.delete(sample.sha256);
        await release(sample.sha256, entry);
        throw error instanceof TimedOut
          ? new Unavailable(`not fetched within ${FETCH_TIMEOUT_MS / 1000} s`, { cause: error })
          : error;
      }
    },
    async probe() {
      const { bavail, bsize } = await onDisk(needed, () => tryDisk(folder));
      if (bavail * bsize < needed + RESERVE_BYTES) throw new Unavailable(`the disk of the spool folder ${folder} is full`);
      await reader.probe();
    },
  };
}

async function tryDisk(folder: string): Promise<{ bavail: number; bsize: number }> {
  // Several engines try at once.
  const file = join(folder, `probe-${randomUUID()}`);
  await writeFile(file, "");
  await unlink(file);
  return await statfs(folder);
}
