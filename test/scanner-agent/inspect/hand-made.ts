/** Containers made byte by byte: those that no program here makes, and those that lie. */

import { crc32, deflateRawSync } from "node:zlib";

/** One member of a zip, and what its headers say of it. */
export interface ZipMember {
  readonly name: string;
  readonly content: Buffer;
  readonly method?: number;
  readonly encrypted?: boolean;
  /** What the local header says instead. */
  readonly local?: { readonly name?: string; readonly method?: number; readonly encrypted?: boolean };
  /** It stands in the file, and the directory does not name it. */
  readonly isHidden?: true;
  readonly zip64?: true;
}

/** A zip whose headers say what they are told to. */
export function zipOf(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const member of members) {
    const { name, content, method = 8, encrypted = false, local = {} } = member;
    const data = method === 8 ? deflateRawSync(content) : content;
    const offset = parts.reduce((sum, part) => sum + part.length, 0);
    const fields = { crc: crc32(content), packed: data.length, size: content.length };
    const wide = Buffer.alloc(20);
    wide.writeUInt16LE(1, 0);
    wide.writeUInt16LE(16, 2);
    wide.writeBigUInt64LE(BigInt(content.length), 4);
    wide.writeBigUInt64LE(BigInt(data.length), 12);
    const extra = member.zip64 ? wide : Buffer.alloc(0);
    parts.push(
      header(
        0x04034b50,
        { ...fields, name: local.name ?? name, method: local.method ?? method, encrypted: local.encrypted ?? encrypted },
        extra,
      ),
      data,
    );
    if (!member.isHidden) directory.push(header(0x02014b50, { ...fields, name, method, encrypted }, extra, offset));
  }
  const before = Buffer.concat(parts);
  const names = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(names.length, 12);
  end.writeUInt32LE(before.length, 16);
  return Buffer.concat([before, names, end]);
}

interface Fields {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

function header(
  signature: number,
  { name, method, encrypted, crc, packed, size }: Fields,
  extra: Buffer,
  offset?: number,
): Buffer {
  const isCentral = offset !== undefined;
  const fixed = Buffer.alloc(isCentral ? 46 : 30);
  const at = isCentral ? 2 : 0;
  const isWide = extra.length > 0;
  fixed.writeUInt32LE(signature, 0);
  fixed.writeUInt16LE(isWide ? 45 : 20, 4);
  fixed.writeUInt16LE(encrypted ? 1 : 0, 6 + at);
  fixed.writeUInt16LE(method, 8 + at);
  fixed.writeUInt16LE(0x21, 12 + at);
  fixed.writeUInt32LE(crc, 14 + at);
  fixed.writeUInt32LE(isWide ? 0xffffffff : packed, 18 + at);
  fixed.writeUInt32LE(isWide ? 0xffffffff : size, 22 + at);
  fixed.writeUInt16LE(Buffer.byteLength(name), 26 + at);
  fixed.writeUInt16LE(extra.length, 28 + at);
  if (isCentral) fixed.writeUInt32LE(offset, 42);
  return Buffer.concat([fixed, Buffer.from(name), extra]);
}

/** RAR 4 with one stored member. */
export function rar4(name: string, content: Buffer, how: { encrypted?: true; encryptedHeaders?: true } = {}): Buffer {
  const main = rar4Block(0x73, how.encryptedHeaders ? 0x80 : 0, Buffer.alloc(6));
  const file = Buffer.alloc(25);
  file.writeUInt32LE(content.length, 0);
  file.writeUInt32LE(content.length, 4);
  file.writeUInt8(3, 8);
  file.writeUInt32LE(crc32(content), 9);
  file.writeUInt32LE(0x21 << 16, 13);
  file.writeUInt8(29, 17);
  file.writeUInt8(0x30, 18);
  file.writeUInt16LE(name.length, 19);
  file.writeUInt32LE(0o100644, 21);
  const salt = how.encrypted ? Buffer.from("saltsalt") : Buffer.alloc(0);
  const block = rar4Block(0x74, 0x8000 | (how.encrypted ? 0x404 : 0), Buffer.concat([file, Buffer.from(name), salt]));
  const behind = how.encryptedHeaders
    ? Buffer.alloc(200, 0xa7)
    : Buffer.concat([block, content, rar4Block(0x7b, 0x4000, Buffer.alloc(0))]);
  return Buffer.concat([Buffer.from("Rar!\x1a\x07\x00", "latin1"), main, behind]);
}

function rar4Block(type: number, flags: number, body: Buffer): Buffer {
  const block = Buffer.concat([Buffer.alloc(7), body]);
  block.writeUInt8(type, 2);
  block.writeUInt16LE(flags, 3);
  block.writeUInt16LE(block.length, 5);
  block.writeUInt16LE(crc32(block.subarray(2)) & 0xffff, 0);
  return block;
}

/** RAR 5 with one stored member. */
export function rar5(name: string, content: Buffer, how: { encrypted?: true; encryptedHeaders?: true } = {}): Buffer {
  const start = Buffer.from("Rar!\x1a\x07\x01\x00", "latin1");
  // Version, flags, iterations and salt; without a check value.
  if (how.encryptedHeaders)
    return Buffer.concat([start, rar5Block(4, 0, [0, 0, 15], Buffer.alloc(16, 7)), Buffer.alloc(200, 0xa7)]);
  // The record of encryption: size, type, version, flags, iterations, salt and vector.
  const record = how.encrypted ? Buffer.concat([Buffer.from([36, 1, 0, 0, 15]), Buffer.alloc(32, 7)]) : Buffer.alloc(0);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(content));
  const length = Buffer.from(varint(content.length));
  const body = Buffer.concat([
    Buffer.from([4]),
    length,
    Buffer.from([0o44]),
    crc,
    Buffer.from([0, 1, name.length]),
    Buffer.from(name),
    record,
  ]);
  const extra = record.length > 0 ? varint(record.length) : [];
  const file = rar5Block(2, record.length > 0 ? 3 : 2, [...extra, ...varint(content.length)], body);
  return Buffer.concat([start, rar5Block(1, 0, [0], Buffer.alloc(0)), file, content, rar5Block(5, 0, [0], Buffer.alloc(0))]);
}

function rar5Block(type: number, flags: number, first: readonly number[], body: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from([type, flags, ...first]), body]);
  const sized = Buffer.concat([Buffer.from(varint(content.length)), content]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(sized));
  return Buffer.concat([crc, sized]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}

/** A zstd frame whose blocks are stored. */
export function zstdOf(content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  const block = Buffer.alloc(3);
  block.writeUIntLE((content.length << 3) | 1, 0, 3);
  return Buffer.concat([Buffer.from("28b52ffda0", "hex"), size, block, content]);
}

/** A Unix archive, of which Debian's packages are one kind. */
export function arOf(members: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(members).flatMap(([name, content]) => {
    const fields = [
      name.padEnd(16),
      "0".padEnd(12),
      "0".padEnd(6),
      "0".padEnd(6),
      "100644".padEnd(8),
      String(content.length).padEnd(10),
    ];
    return [Buffer.from(`${fields.join("")}\`\n`), content, Buffer.alloc(content.length % 2, "\n")];
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

/** A cpio archive of the portable kind. */
export function cpioOf(members: Readonly<Record<string, Buffer>>): Buffer {
  const entries = [...Object.entries(members), ["TRAILER!!!", Buffer.alloc(0)] as const];
  const parts = entries.map(([name, content], i) => {
    const fields = [i + 1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const start = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`);
    return [start, Buffer.alloc(-start.length & 3), content, Buffer.alloc(-content.length & 3)];
  });
  return Buffer.concat(parts.flat());
}

/** A tar of files and hard links. */
export function tarOf(
  members: readonly { readonly name: string; readonly content?: Buffer; readonly linkTo?: string }[],
): Buffer {
  const parts = members.flatMap(({ name, content = Buffer.alloc(0), linkTo }) => {
    const start = Buffer.alloc(512);
    const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
    start.write(name, 0);
    start.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(content.length, 11) + octal(0, 11) + " ".repeat(8), 100);
    start.write(linkTo === undefined ? "0" : "1", 156);
    start.write(linkTo ?? "", 157);
    start.write("ustar\x0000", 257);
    start.write(
      octal(
        start.reduce((sum, byte) => sum + byte, 0),
        6,
      ),
      148,
    );
    return [start, content, Buffer.alloc(-content.length & 511)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** A cabinet whose only folder is stored. */
export function cabOf(name: string, content: Buffer): Buffer {
  const file = Buffer.concat([Buffer.alloc(16), Buffer.from(`${name}\0`)]);
  const data = Buffer.concat([Buffer.alloc(8), content]);
  const start = Buffer.alloc(44);
  start.write("MSCF", 0);
  start.writeUInt32LE(44 + file.length + data.length, 8);
  start.writeUInt32LE(44, 16);
  start.writeUInt16LE(0x0103, 24);
  start.writeUInt16LE(1, 26);
  start.writeUInt16LE(1, 28);
  start.writeUInt32LE(44 + file.length, 36);
  start.writeUInt16LE(1, 40);
  file.writeUInt32LE(content.length, 0);
  file.writeUInt16LE(0x21, 10);
  file.writeUInt16LE(0x20, 14);
  data.writeUInt16LE(content.length, 4);
  data.writeUInt16LE(content.length, 6);
  return Buffer.concat([start, file, data]);
}
