/** 7-Zip as WebAssembly. Each run has a memory of its own and sees one file; nothing of the host's files can be reached from it. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import SevenZip, { type FSNode, type SevenZipModule } from "7z-wasm";
import type { Source } from "../formats/source.js";

/** The outcome of one run of 7-Zip. */
export interface SevenZipRun {
  /** Its exit status; null: it ended in a way that tells nothing, as it does with most files that it cannot open. */
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

/** Takes what members unpack to. */
export interface Sink {
  /** The next bytes of a member, in order; they are valid during the call only. Throws to end the run. */
  write(path: string, bytes: Buffer): void;
}

/** More than is read: a listing with this many lines shows that a limit is reached. */
export class TooManyLines extends Error {}

const FILE = "/in";
const OUT = "/out";
const LEAVE_OUT = "/leave-out";
/** Where 7-Zip's own version stands in its first line. */
const BANNER = /^7-Zip \(z\) (\S+)/;
/** At most this many runs may wait for their memory to be freed: each has reserved a gigabyte of address space. */
const RUNS_PER_COLLECTION = 8;
const MOST_LINES = 20_000_000;

/** What is used of it; Node's own types leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  readonly RuntimeError: new () => Error;
};

/** With `--expose-gc`. */
declare const gc: (() => void) | undefined;

let compiled: object | undefined;
let runs = 0;

/** The parts of Emscripten's file system that are used here; its own types leave them out. */
interface MemoryNode extends FSNode {
  node_ops: { getattr(node: MemoryNode): { size: number }; setattr(node: MemoryNode, attributes: { size?: number }): void };
  stream_ops: Record<string, unknown>;
  usedBytes: number;
}
interface MemoryStream {
  readonly node: MemoryNode;
  readonly position: number;
}
type Write = (stream: MemoryStream, heap: Int8Array, offset: number, length: number, position: number) => number;
interface MemoryOperations {
  readonly file: { readonly node: MemoryNode["node_ops"]; readonly stream: { write: Write } };
}

/** Lists: every member with its properties. */
export function list(source: Source, type: string, mostLines = MOST_LINES): Promise<SevenZipRun> {
  return run(source, ["l", "-slt", `-t${type}`, FILE], undefined, mostLines);
}

/** Unpacks every member but those left out into a sink, and so tests them. */
export async function unpack(source: Source, type: string, sink: Sink, leaveOut: readonly string[]): Promise<SevenZipRun> {
  const options = [`-t${type}`, `-o${OUT}`, "-y", "-aou", "-spd", "-scsUTF-8"];
  const args = ["x", ...options, ...(leaveOut.length === 0 ? [] : [`-x@${LEAVE_OUT}`]), FILE];
  return await run(source, args, sink, MOST_LINES, leaveOut.join("\n"));
}

/** The version of 7-Zip. */
export async function sevenZipVersion(): Promise<string> {
  const { lines } = await run({ size: 0, read: () => 0 }, ["i"], undefined, MOST_LINES);
  return BANNER.exec(lines.find((line) => BANNER.test(line)) ?? "")?.[1] ?? "unknown";
}

async function run(
  source: Source,
  args: string[],
  sink: Sink | undefined,
  mostLines: number,
  leaveOut = "",
): Promise<SevenZipRun> {
  runs += 1;
  if (runs % RUNS_PER_COLLECTION === 0 && typeof gc === "function") gc();
  const [lines, errors]: [string[], string[]] = [[], []];
  const print = (to: string[]) => (line: string) => {
    if (lines.length + errors.length >= mostLines) throw new TooManyLines();
    to.push(line);
  };
  const sevenZip = await instantiate(print(lines), print(errors));
  showFile(sevenZip, source);
  if (leaveOut !== "") sevenZip.FS.writeFile(LEAVE_OUT, leaveOut);
  if (sink !== undefined) drain(sevenZip, sink);
  return { status: call(sevenZip, args), lines, errors };
}

function call(sevenZip: SevenZipModule, args: string[]): number | null {
  try {
    return Number(sevenZip.callMain(args));
  } catch (error) {
    // A C++ exception: this build catches none, and 7-Zip throws them at what it cannot read.
    if (typeof error === "number") return null;
    if (error instanceof Error && error.name === "ExitStatus" && "status" in error) return Number(error.status);
    // Out of memory, or a fault of the program: it is contained in this run.
    if (error instanceof WebAssembly.RuntimeError) return null;
    throw error;
  } finally {
    // The library sets the exit status of this process, as the program would.
    process.exitCode = 0;
  }
}

function instantiate(print: (line: string) => void, printErr: (line: string) => void): Promise<SevenZipModule> {
  const require = createRequire(import.meta.url);
  const program = (compiled ??= new WebAssembly.Module(readFileSync(require.resolve("7z-wasm/7zz.wasm"))));
  const options = {
    print,
    printErr,
    // Answers nothing when it asks for a password.
    stdin: () => null as never,
    instantiateWasm(imports: object, onReady: (instance: object) => void) {
      const instance = new WebAssembly.Instance(program, imports);
      onReady(instance);
      return instance.exports;
    },
  };
  return SevenZip.default(options);
}

/** A read-only file whose bytes are read where 7-Zip reads them. */
function showFile({ FS }: SevenZipModule, source: Source): void {
  FS.writeFile(FILE, "");
  FS.chmod(FILE, 0o444);
  const node = FS.lookupPath(FILE).node as MemoryNode;
  const { getattr } = node.node_ops;
  node.node_ops = { ...node.node_ops, getattr: (one) => ({ ...getattr(one), size: source.size }) };
  node.stream_ops = {
    ...node.stream_ops,
    read: (_: MemoryStream, heap: Int8Array, offset: number, length: number, position: number) =>
      source.read(
        new Uint8Array(heap.buffer, heap.byteOffset + offset, Math.max(0, Math.min(length, source.size - position))),
        position,
      ),
    llseek: (stream: MemoryStream, offset: number, whence: number) =>
      offset + (whence === 1 ? stream.position : whence === 2 ? source.size : 0),
  };
}

/** What is written to files goes to the sink and is not kept. */
function drain({ FS }: SevenZipModule, sink: Sink): void {
  FS.mkdir(OUT);
  const { filesystems } = FS as unknown as { filesystems: { MEMFS: { ops_table: MemoryOperations } } };
  const { file } = filesystems.MEMFS.ops_table;
  file.stream.write = (stream, heap, offset, length, position) => {
    const path = FS.getPath(stream.node);
    const bytes = Buffer.from(heap.buffer, heap.byteOffset + offset, length);
    if (path.startsWith(`${OUT}/`)) sink.write(path.slice(OUT.length + 1), bytes);
    stream.node.usedBytes = Math.max(stream.node.usedBytes, position + length);
    return length;
  };
  file.node.setattr = (node, { size }) => {
    if (size !== undefined) node.usedBytes = size;
  };
}
