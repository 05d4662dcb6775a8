/** The bytes of a file, of /proc and /sys too, or of standard input, as they are sent. */

import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { OperatorError } from "../schema/operator-error.js";

const READ_BYTES = 256 * 1024;
/** A change is noticed after so long at most, while bytes are read. */
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
  // A pipe that has taken the file's place meanwhile, or /proc/kmsg, would wait for somebody to write.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size, blocks, mtimeNs } = await handle.stat({ bigint: true });
    // Where nothing is stored the kernel makes the bytes, and the size of such a file says nothing.
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

/** Throws if nothing comes: a program that failed before it wrote anything, or a closed input, is no clean sample. */
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
