import { createHash } from "node:crypto";
import { TimedOut, Unavailable } from "../contract.js";
import { createSearch, searchAll, type Signature } from "../inspect/formats/search.js";
import { within } from "../within.js";
import type { SampleMemory } from "./sample-memory.js";
import { SampleDamaged, type SampleReader, type SampleRef } from "./sample-reader.js";
import type { SpoolFile, SpoolFiles } from "./spool-files.js";

const FETCH_TIMEOUT_MS = 120_000;
/** The share of a piece's memory that a sample must fill to be kept in it: chunks of 960 KiB come in pieces of 1 MiB. */
const LEAST_USED = 0.9;

/** A sample that stays available until it is released. */
export interface HeldSample {
  /** All of it, not to be changed; undefined if it is in a file only. */
  readonly bytes: Buffer | undefined;
  /** What it may be or hold. */
  signatures(): readonly Signature[];
  /** The path of its file, which is made if there is none. Throws {@link NoRoom} or {@link Unavailable}. */
  file(): string;
  /** The same sample once more, to be released too. */
  share(): HeldSample;
  release(): Promise<void>;
}

/** The samples that engines of this host use now: each is fetched once, and gone after the last release. */
export interface SampleCache {
  /**
   * Throws {@link SampleDamaged} if the bytes are missing or not the sample's, {@link Unavailable} if the bus or the disk does
   * not let it fetch them, {@link NoRoom} if the disk has room for others only, or the signal's reason.
   */
  hold(sample: SampleRef, signal: AbortSignal): Promise<HeldSample>;
  /** Bytes of the largest sample that it could hold if it held no other; undefined while that cannot be found out. */
  largest(): number | undefined;
  /** Throws {@link Unavailable} while samples cannot be fetched. */
  probe(): Promise<void>;
}

/** What a sample is kept in. */
interface Entry {
  readonly sample: SampleRef;
  bytes: Buffer | undefined;
  signatures: readonly Signature[] | undefined;
  file: SpoolFile | undefined;
  giveBack: (() => void) | undefined;
  fetched: Promise<void>;
  isFetching: boolean;
  holders: number;
}

/** Nobody holds a sample yet. */
export function createSampleCache(reader: SampleReader, memory: SampleMemory, files: SpoolFiles): SampleCache {
  const entries = new Map<string, Entry>();

  function add(sample: SampleRef): Entry {
    const entry: Entry = {
      sample,
      bytes: undefined,
      signatures: undefined,
      file: undefined,
      giveBack: memory.take(sample.size),
      fetched: Promise.resolve(),
      isFetching: true,
      holders: 0,
    };
    const onEnd = async () => {
      entry.isFetching = false;
      if (entry.holders === 0) await discard(entry);
    };
    entry.fetched = fetchTwice(entry);
    // Holders handle a failure themselves; a fetch that nobody waits for any more has none.
    void entry.fetched.then(onEnd, onEnd);
    entries.set(sample.sha256, entry);
    return entry;
  }

  async function release(entry: Entry): Promise<void> {
    entry.holders -= 1;
    if (entry.holders > 0) return;
    const { sha256 } = entry.sample;
    if (entries.get(sha256) === entry) entries.delete(sha256);
    // The fetch stops at its next piece, and discards what it has.
    if (!entry.isFetching) await discard(entry);
  }

  async function discard(entry: Entry): Promise<void> {
    const { file, giveBack } = entry;
    [entry.bytes, entry.file, entry.giveBack] = [undefined, undefined, undefined];
    giveBack?.();
    await file?.remove();
  }

  async function fetchTwice(entry: Entry): Promise<void> {
    if (entry.giveBack === undefined) entry.file = files.add(entry.sample);
    try {
      await fetchOnce(entry);
    } catch (error) {
      if (!(error instanceof SampleDamaged)) throw error;
      await fetchOnce(entry);
    }
  }

  async function fetchOnce(entry: Entry): Promise<void> {
    const { file } = entry;
    if (file !== undefined && !file.isSmall) return await file.fill(searched(entry));
    const parts: Uint8Array[] = [];
    for await (const bytes of checked(entry)) parts.push(bytes);
    if (file === undefined) {
      entry.bytes = ownPiece(parts);
      if (entry.bytes !== undefined) return;
      entry.bytes = Buffer.concat(parts);
    } else {
      entry.signatures = searchAll(parts);
      file.write(Buffer.concat(parts));
    }
    for (const part of parts) reader.recycle(part);
  }

  async function* searched(entry: Entry): AsyncGenerator<Uint8Array> {
    const search = createSearch();
    let before: Uint8Array | undefined;
    for await (const bytes of checked(entry)) {
      search.read(bytes);
      // The previous piece was written before this one was requested, and the search has looked at its end again.
      if (before !== undefined) reader.recycle(before);
      yield bytes;
      before = bytes;
    }
    entry.signatures = search.signatures();
    if (before !== undefined) reader.recycle(before);
  }

  /** Throws {@link SampleDamaged} at the end if the bytes are not the sample's. */
  async function* checked(entry: Entry): AsyncGenerator<Uint8Array> {
    const { sample } = entry;
    const hash = createHash("sha256");
    for await (const bytes of reader.read(sample)) {
      if (entry.holders === 0) throw new Unavailable("nobody waits for the sample any more");
      hash.update(bytes);
      yield bytes;
    }
    const actual = hash.digest("hex");
    if (actual !== sample.sha256) throw new SampleDamaged(`the sample's bytes are not its own: their sha256 is ${actual}`);
  }

  function hold(entry: Entry): HeldSample {
    return {
      bytes: entry.bytes,
      signatures: () => (entry.signatures ??= searchAll(entry.bytes === undefined ? [] : [entry.bytes])),
      file: () => (entry.file ??= makeFile(entry)).path,
      share() {
        entry.holders += 1;
        return hold(entry);
      },
      release: () => release(entry),
    };
  }

  function makeFile({ sample, bytes }: Entry): SpoolFile {
    if (bytes === undefined) throw new Unavailable("the sample was released before its file was made");
    const file = files.add(sample);
    try {
      file.write(bytes);
      return file;
    } catch (error) {
      void file.remove();
      throw error;
    }
  }

  return {
    async hold(sample, signal) {
      const entry = entries.get(sample.sha256) ?? add(sample);
      entry.holders += 1;
      try {
        await within(FETCH_TIMEOUT_MS, entry.fetched, signal);
        return hold(entry);
      } catch (error) {
        // A failed fetch is forgotten: the next request fetches again.
        if (entries.get(sample.sha256) === entry && !signal.aborted) entries.delete(sample.sha256);
        await release(entry);
        throw error instanceof TimedOut
          ? new Unavailable(`not fetched within ${FETCH_TIMEOUT_MS / 1000} s`, { cause: error })
          : error;
      }
    },
    largest: files.largest,
    async probe() {
      await files.probe();
      await reader.probe();
    },
  };
}

/** The bytes of the only piece, if its buffer is hardly larger: the rest of the buffer is not counted. */
function ownPiece(parts: readonly Uint8Array[]): Buffer | undefined {
  const [only] = parts;
  const isOwn = parts.length === 1 && only !== undefined && only.byteLength > only.buffer.byteLength * LEAST_USED;
  return isOwn ? Buffer.from(only.buffer, only.byteOffset, only.byteLength) : undefined;
}
