import { randomUUID } from "node:crypto";
import { statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { open, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { hasCode, NoRoom, reasonOf, Unavailable } from "../contract.js";
import type { SampleRef } from "./sample-reader.js";

/** Space that must stay free on the spool's disk. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const SMALL_BYTES = 1024 * 1024;
const READ_ONLY = 0o444;

/** A sample's file. */
export interface SpoolFile {
  readonly path: string;
  /** Whether handing it to a thread costs more than writing it at once. */
  readonly isSmall: boolean;
  /** Writes all of it at once. Throws {@link NoRoom} or {@link Unavailable}. */
  write(bytes: Uint8Array): void;
  /** Writes the pieces as they come; what was written before is gone. Throws what they throw too; nothing is left then. */
  fill(pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Gives its room back. A file that cannot be removed fails no scan: the next start of the agent cleans the spool. */
  remove(): Promise<void>;
}

/** The files of samples, and what their disk has room for. */
export interface SpoolFiles {
  /** Keeps room for a sample's file. Throws {@link NoRoom} if it does not fit beside the others, {@link Unavailable}. */
  add(sample: Pick<SampleRef, "sha256" | "size">): SpoolFile;
  /** Size in bytes of the largest sample that would fit if there was no other; undefined while that cannot be found out. */
  largest(): number | undefined;
  /** Throws {@link Unavailable} while nothing can be written. */
  probe(): Promise<void>;
}

/** Files in `folder`; `readFree` tells how many bytes its disk has free. */
export function createSpoolFiles(folder: string, log: Logger, readFree: (folder: string) => number = readFreeBytes): SpoolFiles {
  /** Every file for which there is room, with the bytes that are not written yet. */
  const files = new Set<{ readonly size: number; written: number }>();
  let count = 0;

  function requireRoom(size: number): void {
    const free = onDisk(() => readFree(folder));
    if (free < RESERVE_BYTES) throw isFull();
    const unwritten = [...files].reduce((sum, one) => sum + one.size - one.written, 0);
    if (free - RESERVE_BYTES < unwritten + size)
      throw new NoRoom(`no room for a sample of ${size} bytes in the spool folder ${folder}`);
  }

  function add({ sha256, size }: Pick<SampleRef, "sha256" | "size">): SpoolFile {
    requireRoom(size);
    const path = join(folder, `${++count}-${sha256}`);
    const isSmall = size <= SMALL_BYTES;
    const file = { size, written: 0 };
    files.add(file);

    async function removeFile(): Promise<void> {
      file.written = 0;
      try {
        if (isSmall) unlinkSync(path);
        else await unlink(path);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) log.error({ err: error }, "Cannot remove a sample from the spool");
      }
    }

    async function fill(pieces: AsyncIterable<Uint8Array>): Promise<void> {
      const handle = await open(path, "w", READ_ONLY).catch(explain);
      try {
        for await (const bytes of pieces) {
          await handle.appendFile(bytes).catch(explain);
          file.written += bytes.length;
        }
      } catch (error) {
        await removeFile();
        throw error;
      } finally {
        await handle.close();
      }
    }

    return {
      path,
      isSmall,
      write(bytes) {
        onDisk(() => writeFileSync(path, bytes, { mode: READ_ONLY }));
        file.written = bytes.length;
      },
      fill,
      async remove() {
        await removeFile();
        files.delete(file);
      },
    };
  }

  function isFull(): Unavailable {
    return new Unavailable(`the disk of the spool folder ${folder} is full`);
  }

  return {
    add,
    largest() {
      try {
        const ours = [...files].reduce((sum, { written }) => sum + written, 0);
        return Math.max(0, readFree(folder) + ours - RESERVE_BYTES);
      } catch (error) {
        log.debug({ err: error }, "Cannot find out how much room there is for samples");
        return undefined;
      }
    },
    async probe() {
      await tryDisk(folder).catch(explain);
      if (onDisk(() => readFree(folder)) < RESERVE_BYTES) throw isFull();
    },
  };
}

function onDisk<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    return explain(cause);
  }
}

function explain(cause: unknown): never {
  const problem = `cannot write the sample to the spool folder (${reasonOf(cause)})`;
  throw hasCode(cause, "ENOSPC", "EDQUOT", "EFBIG") ? new NoRoom(problem, { cause }) : new Unavailable(problem, { cause });
}

function readFreeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

async function tryDisk(folder: string): Promise<void> {
  // Several engines try at once.
  const file = join(folder, `probe-${randomUUID()}`);
  await writeFile(file, "");
  await unlink(file);
}
