/** The bytes of a file, of /proc and /sys too, or of standard input, as they are sent. */

import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { OperatorError } from "../schema/operator-error.js";

const READ_BYTES = 256 * 1024;
/** How often a file is checked for changes while it is read. */
const CHECK_MS = 500;

/** Something that can be scanned. */
export interface FileToSend {
  /** As it was given or found; for people. */
  readonly file: string;
  /** What the mesh is told that it is called. */
  readonly name: string;
  /** Opens it from its beginning. */
  open(): Promise<OpenFile>;
}

export interface OpenFile {
  /** How many bytes there are; undefined if only reading tells. */
  readonly length: number | undefined;
  /** Throws {@link OperatorError} before the last byte if the file was changed meanwhile. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Whether it may pause for as long as it likes, as what another program writes does. */
  readonly mayPause: boolean;
  close(): Promise<void>;
}

export function fileToSend(file: string, path: string | Buffer): FileToSend {
  return { file, name: basename(file), open: () => openFile(path) };
}

async function openFile(path: string | Buffer): Promise<OpenFile> {
  // Otherwise a pipe that has taken the file's place meanwhile, or /proc/kmsg, would block until somebody writes.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size, blocks, mtimeNs } = await handle.stat({ bigint: true });
    // A file without blocks on a disk, as in /proc, is made by the kernel as it is read: its size says nothing.
    const length = blocks === 0n ? undefined : Number(size);
    const isSame = async () => {
      const now = await handle.stat({ bigint: true });
      return now.size === size && now.mtimeNs === mtimeNs;
    };
    return { length, bytes: readUnchanged(handle, length, isSame), mayPause: false, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* readUnchanged(
  handle: FileHandle,
  length: number | undefined,
  isSame: () => Promise<boolean>,
): AsyncGenerator<Buffer> {
  let [taken, checkedAt] = [0, performance.now()];
  for (let isLast = false; !isLast;) {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
    taken += bytesRead;
    isLast = bytesRead === 0 || (length !== undefined && taken >= length);
    if (isLast && length !== undefined && taken !== length) throw changed();
    if (isLast || performance.now() - checkedAt > CHECK_MS) {
      if (!(await isSame())) throw changed();
      checkedAt = performance.now();
    }
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
  }
}

function changed(): OperatorError {
  return new OperatorError("changed while it was read; scan it again when nothing writes to it");
}

/** Throws if nothing comes: the program before the pipe has failed, or the input is closed. That must not pass for a clean sample. */
async function* readAny(input: NodeJS.ReadStream): AsyncGenerator<Buffer> {
  let isEmpty = true;
  for await (const part of input as AsyncIterable<Buffer>) {
    isEmpty = false;
    yield part;
  }
  if (isEmpty) throw new OperatorError("standard input was empty");
}

/** Standard input, which can be read once. */
export function standardInput(input: NodeJS.ReadStream, say: (line: string) => void): FileToSend {
  let isRead = false;
  return {
    file: "-",
    name: "standard input",
    async open() {
      if (isRead) throw new OperatorError("standard input cannot be read a second time");
      isRead = true;
      if (input.isTTY) say("Reading standard input; Ctrl-D ends it.");
      return { length: undefined, bytes: readAny(input), mayPause: true, close: async () => void input.destroy() };
    },
  };
}
