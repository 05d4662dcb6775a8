import { deflateRawSync } from "node:zlib";
import { vbaCompressed } from "./vba-compressed.js";

const SECTOR = 512;
const END_OF_CHAIN = 0xfffffffe;
const FREE = 0xffffffff;
const FAT_SECTOR = 0xfffffffd;

/** A stream of a compound file, all of them in its root: the rules read entries, not paths. */
export interface OleStream {
  name: string;
  data: Uint8Array;
}

/** A compound file (OLE2) that holds the streams. Small ones are padded, so that none needs the mini stream. */
export function builtOle(streams: OleStream[]): Buffer {
  const bodies = streams.map(({ data }) => padded(data, Math.max(4096, data.length)));
  const directorySectors = Math.ceil((streams.length + 1) / 4);
  const fat: number[] = [FAT_SECTOR];
  const chain = (length: number) => {
    const first = fat.length;
    for (let index = 1; index < length; index++) fat.push(fat.length + 1);
    fat.push(END_OF_CHAIN);
    return first;
  };
  const directoryAt = chain(directorySectors);
  const starts = bodies.map((body) => chain(body.length / SECTOR));
  if (fat.length > SECTOR / 4) throw new Error("a built document holds at most 128 sectors");

  const directory = Buffer.alloc(directorySectors * SECTOR);
  entry(directory, 0, "Root Entry", { kind: 5, child: 1, next: FREE, start: END_OF_CHAIN, size: 0 });
  for (const [index, stream] of streams.entries()) {
    const next = index + 1 < streams.length ? index + 2 : FREE;
    entry(directory, index + 1, stream.name, {
      kind: 2,
      child: FREE,
      next,
      start: starts[index] ?? END_OF_CHAIN,
      size: stream.data.length,
    });
  }
  const table = Buffer.alloc(SECTOR, 0xff);
  for (const [index, value] of fat.entries()) table.writeUInt32LE(value, index * 4);
  return Buffer.concat([oleHeader(directoryAt), table, directory, ...bodies]);
}

function padded(data: Uint8Array, length: number): Buffer {
  const body = Buffer.alloc(Math.ceil(length / SECTOR) * SECTOR);
  body.set(data);
  return body;
}

function oleHeader(directoryAt: number): Buffer {
  const header = Buffer.alloc(SECTOR);
  header.write("d0cf11e0a1b11ae1", 0, "hex");
  header.writeUInt16LE(0x3e, 24);
  header.writeUInt16LE(3, 26);
  header.writeUInt16LE(0xfffe, 28);
  header.writeUInt16LE(9, 30);
  header.writeUInt16LE(6, 32);
  header.writeUInt32LE(1, 44);
  header.writeUInt32LE(directoryAt, 48);
  header.writeUInt32LE(4096, 56);
  header.writeUInt32LE(END_OF_CHAIN, 60);
  header.writeUInt32LE(END_OF_CHAIN, 68);
  header.fill(0xff, 76);
  header.writeUInt32LE(0, 76);
  return header;
}

interface Entry {
  kind: number;
  child: number;
  next: number;
  start: number;
  size: number;
}

function entry(directory: Buffer, index: number, name: string, { kind, child, next, start, size }: Entry): void {
  const at = index * 128;
  directory.write(name, at, 64, "utf16le");
  directory.writeUInt16LE((name.length + 1) * 2, at + 64);
  directory.writeUInt8(kind, at + 66);
  directory.writeUInt8(1, at + 67);
  directory.writeUInt32LE(FREE, at + 68);
  directory.writeUInt32LE(next, at + 72);
  directory.writeUInt32LE(child, at + 76);
  directory.writeUInt32LE(start, at + 116);
  directory.writeUInt32LE(size, at + 120);
}

/** A VBA project with one module, as a document holds it: the source compressed, after the attributes that Office writes. */
export function vbaProject(source: string): Buffer {
  const module = `Attribute VB_Name = "ThisDocument"\r\nAttribute VB_Base = "1Normal.ThisDocument"\r\n${source}`;
  return builtOle([
    { name: "_VBA_PROJECT", data: Buffer.from([0xcc, 0x61, 0xff, 0xff, 0x00, 0x00, 0x00]) },
    { name: "ThisDocument", data: vbaCompressed(Buffer.from(module, "latin1")) },
    { name: "WordDocument", data: Buffer.from("Quarterly figures") },
  ]);
}

/** A zip file with the given parts; `stored` ones are not compressed. Checksums are left zero: nothing here unpacks it. */
export function builtZip(parts: Array<{ name: string; data: Uint8Array; stored?: boolean }>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, data, stored } of parts) {
    const body = stored === true ? Buffer.from(data) : deflateRawSync(data);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(stored === true ? 0 : 8, 4);
    fields.writeUInt32LE(body.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, Buffer.from(name), body]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}
